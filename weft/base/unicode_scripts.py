"""The script of every code point (Unicode's property Script, by the numbers that ICU gives the scripts).

Made by `tools/goldens/make_unicode_scripts.py`; do not edit it by hand.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

UNKNOWN = 103

#: the names that patterns know, in the order of their numbers
NAMES = """
Common Inherited Arabic Armenian Bengali Bopomofo Cherokee Coptic Cyrillic Deseret Devanagari Ethiopic Georgian Gothic
Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Ogham
Old_Italic Oriya Runic Sinhala Syriac Tamil Telugu Thaana Thai Tibetan Canadian_Aboriginal Yi Tagalog Hanunoo Buhid
Tagbanwa
""".split()


@cache
def ranges() -> list[tuple[int, int, int]]:
    """(first, past the last, number of the script), ascending; what lies between has no script."""
    found = []
    at = 0
    for entry in _RANGES.split():
        gap, size, script = (int(part or "0", 36) for part in entry.split("."))
        at += gap
        found.append((at, at + size, script))
        at += size
    return found


def script_of(point: int) -> int:
    """The number of a code point's script; -1 for what is no code point."""
    if not 0 <= point < 0x110000:
        return -1
    place = bisect_right(ranges(), (point, 0x110000, 0)) - 1
    first, end, script = ranges()[place]
    return script if first <= point < end else UNKNOWN


#: gap before the range, its size, its script, in base 36; an empty part is 0
_RANGES = """
.1t. .q.p .6. .q.p .1b. .1.p .f. .1.p .5. .n.p .1. .v.p .1. .ch.p .13. .5.p .5. .2.5 .k. .34.1 .4.e .1. .3.e 2.4.e .1.
.1.e 4.1.e .1. .1.e .1. .3.e 1.1.e 1.k.e 1.1r.e .e.7 .g.e .3p.8 .2.1 .4p.8 1.12.3 2.1e.3 2.3.3 1.1j.j 8.r.j 4.6.j b.5.2
.1. .6.2 .1. .e.2 .1. .1.2 1.1.2 .1. .w.2 .1. .a.2 .b.1 .q.2 .1.1 .30.2 .1. .y.2 .e.y 1.1o.y 2.3.y .1c.2 .1e.11 e.1n.2f
2.3.2f .1a.3i 2.f.3i 1.s.2c 2.1.2c 1.b.y 1h.l.2 1.i.2 b.f.2 .1. .t.2 .29.a .4.1 .f.a .2. .q.a .4.4 1.8.4 2.2.4 2.m.4
1.7.4 1.1.4 3.4.4 2.9.4 2.2.4 2.4.4 8.1.4 4.2.4 1.5.4 2.p.4 2.3.g 1.6.g 4.2.g 2.m.g 1.7.g 1.2.g 1.2.g 1.2.g 2.1.g 1.5.g
4.2.g 2.3.g 3.1.g 7.4.g 1.1.g 7.h.g a.3.f 1.9.f 1.3.f 1.m.f 1.7.f 1.2.f 1.5.f 2.a.f 1.3.f 1.3.f 2.1.f f.4.f 2.c.f 7.7.f
1.3.v 1.8.v 2.2.v 2.m.v 1.7.v 1.2.v 1.5.v 2.9.v 2.2.v 2.3.v 7.3.v 4.2.v 1.5.v 2.i.v a.2.z 1.6.z 3.3.z 1.4.z 3.2.z 1.1.z
1.2.z 3.2.z 3.3.z 3.c.z 4.5.z 3.3.z 1.4.z 2.1.z 6.1.z e.l.z 5.d.10 1.3.10 1.n.10 1.g.10 3.8.10 1.3.10 1.4.10 7.2.10
1.3.10 5.4.10 2.a.10 7.9.10 .d.l 1.3.l 1.n.l 1.a.l 1.5.l 2.9.l 1.3.l 1.4.l 7.2.l 7.1.l 1.4.l 2.a.l 1.2.l d.d.q 1.3.q
1.1f.q 1.3.q 1.6.q 4.g.q 2.q.q 1.3.x 1.i.x 3.o.x 1.9.x 1.1.x 2.7.x 3.1.x 4.6.x 1.1.x 1.8.x 6.a.x 2.3.x c.1m.12 4.1.
.s.12 11.2.o 1.1.o 1.5.o 1.o.o 1.1.o 1.n.o 2.5.o 1.1.o 1.6.o 2.a.o 2.4.o w.20.13 1.10.13 4.13.13 1.10.13 1.f.13 1.7.13
.4. .2.13 11.4g.s .12.c 1.1.c 5.1.c 2.17.c .1. .4.c .74.i .21.b 1.4.b 2.7.b 1.1.b 1.4.b 2.15.b 1.4.b 2.x.b 1.4.b 2.7.b
1.1.b 1.4.b 2.f.b 1.1l.b 1.4.b 2.1v.b 2.w.b 3.q.b 6.2e.6 2.6.6 2.hs.14 .t.t 3.23.w .3. .b.w 7.d.16 1.7.16 b.l.17 .2.
9.k.18 c.d.19 1.3.19 1.2.19 c.2m.n 2.a.n 6.a.n 6.2.r .2. .1.r .1. .9.r 1.a.r 6.2h.r 7.17.r 5.1y.14 a.v.1c 1.c.1c 4.c.1c
4.1.1c 3.c.1c .u.1g 2.5.1g b.18.1n 4.q.1n 6.b.1n 3.2.1n .w.n .s.1j 2.2.1j .1r.2y 1.t.2y 2.b.2y 6.a.2y 6.e.2y 2.h.1
1r.24.1q 4.19.1q 3.1s.35 .1g.1r 8.4.1r .1k.2a 3.f.2a 3.3.2a .1c.31 .9.8 7.17.c 2.3.c .8.35 8.3.1 .1. .d.1 .1. .7.1 .4.
.1.1 .6. .1.1 .3. .2.1 .1. 5.12.p .5.e .1.8 .1d.p .5.e .4.p .5.e .d.p .1.8 .1y.p .1.e .1m.1 1.5.1 .74.p .m.e 2.6.e
2.12.e 2.6.e 2.8.e 1.1.e 1.1.e 1.1.e 1.v.e 2.1h.e 1.f.e 1.e.e 2.6.e 1.j.e 2.3.e 1.9.e 1.c. .2.1 .2f. 1.b. .1.p 2.b.
.1.p .f. 1.d.p 3.w. g.x.1 f.12. .1.e .3. .2.p .6. .1.p .r. .1.p .h. .15.p .3. 4.if. p.b. l.ps. .74.1a .hg. 2.w. 1.2x.
.1b.1k 1.1b.1k 1.w.p .38.7 5.7.7 .12.c 1.1.c 5.1.c 2.1k.1o 7.2.1o e.1.1o .n.b 9.7.b 1.7.b 1.7.b 1.7.b 1.7.b 1.7.b 1.7.b
1.7.b 1.w.8 .2b. 19.q.h 1.2h.h c.5y.h q.c. 4.5. .1.h .1. .1.h .p. .9.h .4.1 .2.i .8. .4.h .4. 1.2e.k 2.2.1 .2. .3.k .1.
.2i.m .2. .3.m 5.17.5 1.2m.i 1.g. .w.5 .10. c.g.m .v.i 1.1s. .v.i .29. .1b.m .1. .2g.m .4o. .534.h .1s. .g71.h 3.wd.15
3.1j.15 9.1c.3n .8c.2r k.2o.8 .2g.3m 8.y. .2u.p .3. .1h.p 2.9.p 16.b.p .19.1m 3.a. 6.1k.2i 8.1y.33 8.c.33 6.w.a .1a.27
.1. .1.27 .10.32 b.1.32 .t.i 3.26.26 1.1. .a.26 4.2.26 .v.s 1.1j.1u 9.e.1u 2.a.1u 2.4.1u .w.s .1v.3j o.5.3j .n.37 a.6.b
2.6.b 2.6.b 9.7.b 1.7.b 1.17.p .1. .9.p .1.e .4.p .2. 4.28.6 .1a.37 2.a.37 6.8mc.i c.n.i 4.1d.i 6is.a6.h 2.2y.h 12.7.p
c.5.3 5.q.j 1.5.j 1.1.j 1.2.j 1.2.j 1.a.j .36.2 h.a3.2 .2. g.1s.2 2.1i.2 14.e.2 2.g.1 .a. 6.e.1 .2.8 .z. 1.j. 1.4.
4.5.2 1.3r.2 2.1. 1.w. .q.p .6. .q.p .b. .a.m .1. .19.m .2. .v.i 3.6.i 2.6.i 2.6.i 2.3.i 3.7. 1.7. a.5. 2.c.1d 1.q.1d
1.j.1d 1.2.1d 1.f.1d 2.e.1d y.3f.1d 5.3. 4.19. 3.9. .27.e 1.d. 3.1.e 1b.19. .1.1 3m.t.2z 3.1d.2w f.1.1 .r. 4.10.u 9.3.u
.r.d 5.17.2h 5.u.1h 1.1.1h .10.1p 4.e.1p 16.28.9 .1c.1f .u.1e 2.a.1e 6.10.4r 4.10.4r 4.14.3s 8.1g.4f b.1.4f 40.8n.2b
9.m.2b a.8.2b 48.6.1b 2.1.1b 1.18.1b 1.2.1b 3.1.1b 2.1.1b .m.38 1.9.38 .w.40 .v.3z 8.9.3z 1c.j.4i 1.2.4i 5.5.4i .s.2j
3.1.2j .q.30 5.1.30 1s.w.2e .o.3x 4.k.3x 2.1a.3x .4.1l 1.2.1l 5.8.1l 1.3.1l 1.t.1l 2.3.1l 4.a.1l 7.9.1l 7.w.3p .w.3y
w.13.3d 4.c.3d 9.1i.39 3.7.39 .m.3h 2.8.3h .j.3e 5.8.3e .i.3f 7.4.3f c.7.3f 28.21.2g 1j.1f.24 d.1f.24 7.6.24 .14.52
8.a.52 86.v.2 1.16.5c 1.3.5c 2.2.5c 26.14.54 8.16.53 2e.s.59 k.n.55 9.26.1t 4.u.1t f.1.1t .1u.3c b.1.3c 2.p.48 7.a.48
6.1h.3a 1.i.3a 8.13.4g 9.2o.47 1.k.x b.i.4d 1.18.4d 1t.7.4k 1.1.4k 1.4.4k 1.f.4k 1.b.4k 6.1n.41 5.a.41 6.4.3t 1.8.3t
2.2.3t 2.m.3t 1.7.3t 1.2.3t 1.5.3t 1.1.1 .9.3t 2.2.3t 2.3.3t 2.1.3t 6.1.3t 5.7.3t 2.7.3t 3.5.3t 3v.2k.4q 1.5.4q u.20.4e
8.a.4e 4m.1i.4m 2.12.4m y.1x.4j b.a.4j 6.d.r j.1l.49 7.a.49 1i.r.4h 2.f.4h 4.g.4h 5c.1o.4y 2s.2b.42 c.1.42 .7.5a 2.1.5a
2.8.5a 1.2.5a 1.u.5a 1.2.5a 2.c.5a 9.a.5a 1y.8.57 2.1a.57 2.b.57 r.20.4x 8.2b.4w t.1l.4l 7b.9.4o 1.19.4o 1.e.4o a.t.4o
3.w.4p 2.m.4p 1.e.4p 21.7.4v 1.2.4v 1.18.4v 3.1.4v 1.2.4v 1.9.4v 8.a.4v 6.6.4z 1.2.4z 1.11.4z 1.2.4z 1.6.4z 7.a.4z
8m.p.50 53.1.3n f.1e.z d.1.z .pm.2t 2u.33.2t 1.5.2t b.5g.2t 24c.tr.1z 1.9.1z 347.g7.4c 6nt.ft.3m 7.v.45 1.a.45 4.2.45
2o.u.3q 2.6.3q a.1y.23 a.a.23 1.7.23 1.l.23 5.j.23 j4.2j.51 2t.23.2k 4.1l.2k 7.h.2k 1s.1.4a .1.46 .2. .1.5b b.2.h
e.4qg.4a 8.lc.4a .d2.5b 16.9.4a 6wn.1.m .7y.k 1d.3.k h.4.m 8.b0.46 1s4.2z.3r 5.d.3r 3.9.3r 7.a.3r 2.4.3r .4. 3to.6u.
a.13. 2.1q. .3.1 .h. .8.1 .2. .7.1 .u. .4.1 .1n. n.1y.e 4a.k. c.2f. 9.p. 3r.2d. 1.1z. 1.2. 2.1. 2.2. 2.4. 1.c. 1.1.
1.7. 1.1t. 1.4. 2.8. 1.7. 1.s. 1.4. 1.5. 1.1. 3.7. 1.9g. 2.84. 2.1e. .i4.34 f.5.34 1.f.34 11s.7.1k 1.h.1k 2.7.1k 1.2.1k
1.5.1k 5x.19.56 3.e.56 2.a.56 4.2.56 a8.1m.58 5.1.58 zk.5h.3w 2.g.3w 15.24.4n 4.a.4n 4.2.4n lt.1w. 24.1p. 5e.4.2 1.r.2
1.2.2 1.1.2 2.1.2 1.a.2 1.4.2 1.1.2 1.1.2 6.1.2 4.1.2 1.1.2 1.1.2 1.3.2 1.2.2 1.1.2 2.1.2 1.1.2 1.1.2 1.1.2 1.1.2 1.2.2
1.1.2 2.4.2 1.7.2 1.4.2 1.4.2 1.1.2 1.a.2 1.h.2 5.3.2 1.5.2 1.h.2 1g.2.2 7i.18. 4.2s. c.f. 2.f. 1.f. 1.11. a.4u. 1k.q.
.1.k .2. d.18. 4.9. 7.2. e.6. 4a.rc. 8.d. 3.d. 3.38. c.2h. 7.c. k.c. 4.1k. 8.a. 6.14. 8.u. 2.2. 26.3d. 1.2a. 1.3r. c.e.
2.5. 3.3. 5.7. 9.p. 7.7. 9.3. d.7. 15.43. 1.1j. 11.a. sm.wym.h y.379.h b.66.h 2.4g2.h e.5rl.h 2e7.f2.h 15u.3t7.h
fcfq.1. u.2o. 3k.6o.1
"""
