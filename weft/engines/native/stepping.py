"""The driver's text around a walk of a schedule: step after step, what a thread does alone, rows that are gathered."""

from __future__ import annotations

from weft.engines.native.interrupts import FINISHED, GIVEN_UP, LAST, SEEN, STATE, WANTED

#: runs steps until a check fails; returns how many have succeeded, as a negative number (n as -1 - n) after Ctrl-C
STEPS = f"""
define i64 @steps(
  ptr %pool, ptr %table, ptr %schedule, i64 %phases, ptr %moves, i64 %count, i64 %first, i64 %steps
) nounwind #0 {{
begin:
  %mode = call i64 @flush()
  %flag_at = load ptr, ptr %table, align 8
  %finished_at = getelementptr i64, ptr %flag_at, i64 {FINISHED}
  %before = load i64, ptr %finished_at, align 8
  %state_at = getelementptr i64, ptr %flag_at, i64 {STATE}
  %wanted_at = getelementptr i64, ptr %flag_at, i64 {WANTED}
  %last_at = getelementptr i64, ptr %flag_at, i64 {LAST}
  %seen_at = getelementptr i64, ptr %flag_at, i64 {SEEN}
  %time = call i64 @now()
  store i64 %time, ptr %last_at, align 8
  store i64 %time, ptr %seen_at, align 8
  %alone = icmp eq ptr %pool, null
  br label %step
step:
  %s = phi i64 [ 0, %begin ], [ %s2, %next ]
  %some = icmp slt i64 %s, %steps
  br i1 %some, label %moving, label %out
moving:
  store atomic i64 0, ptr %state_at release, align 8
  %number = add i64 %first, %s
  br label %look
look:
  %m = phi i64 [ 0, %moving ], [ %m2, %move ]
  %further = icmp slt i64 %m, %count
  br i1 %further, label %move, label %go
move:
  %word = mul i64 %m, 3
  %slot_at = getelementptr i64, ptr %moves, i64 %word
  %slot = load i64, ptr %slot_at, align 8
  %base_at = getelementptr i64, ptr %slot_at, i64 1
  %base = load i64, ptr %base_at, align 8
  %stride_at = getelementptr i64, ptr %slot_at, i64 2
  %stride = load i64, ptr %stride_at, align 8
  %offset = mul i64 %stride, %number
  %address = add i64 %base, %offset
  %place = getelementptr i64, ptr %table, i64 %slot
  store i64 %address, ptr %place, align 8
  %m2 = add i64 %m, 1
  br label %look
go:
  br i1 %alone, label %serial, label %shared
serial:
  call void @run(ptr %table, ptr %schedule, i64 %phases)
  br label %done
shared:
  call void @dispatch(ptr %pool, ptr %table, ptr %schedule, i64 %phases)
  br label %done
done:
  %flag = load atomic i64, ptr %flag_at monotonic, align 8
  %bad = icmp ne i64 %flag, 0
  br i1 %bad, label %out, label %next
next:
  %s2 = add i64 %s, 1
  %finished = add i64 %before, %s2
  store i64 %finished, ptr %finished_at, align 8
  %wanted = load i64, ptr %wanted_at, align 8
  %last = icmp ne i64 %wanted, 0
  br i1 %last, label %asked, label %step
out:
  %stop = load i64, ptr %wanted_at, align 8
  %stopped = icmp ne i64 %stop, 0
  br i1 %stopped, label %asked, label %end
asked:
  %succeeded = phi i64 [ %s2, %next ], [ %s, %out ]
  store i64 0, ptr %wanted_at, align 8
  %pair = cmpxchg ptr %flag_at, i64 {GIVEN_UP}, i64 0 monotonic monotonic
  %told = xor i64 %succeeded, -1
  br label %end
end:
  %result = phi i64 [ %s, %out ], [ %told, %asked ]
  call void @restore(i64 %mode)
  ret i64 %result
}}
"""

#: one chunk that is a list of kernels, done in order by the thread that takes it: their number, then for each its
#: address, its number of chunks and its last argument
STRAND = """
define void @strand(ptr %table, i64 %chunk, i64 %thread, i64 %list) nounwind #0 {
begin:
  %words = inttoptr i64 %list to ptr
  %count = load i64, ptr %words, align 8
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %kernel, label %out
kernel:
  %k = phi i64 [ 0, %begin ], [ %k2, %turned ]
  %entry_before = phi ptr [ %words, %begin ], [ %argument_at, %turned ]
  %since = phi i64 [ 0, %begin ], [ %since_now, %turned ]
  %gap = phi i64 [ 1, %begin ], [ %wish, %turned ]
  %entry = getelementptr i64, ptr %entry_before, i64 1
  %size_at = getelementptr i64, ptr %entry, i64 1
  %argument_at = getelementptr i64, ptr %entry, i64 2
  %function = load ptr, ptr %entry, align 8
  %size = load i64, ptr %size_at, align 8
  %argument = load i64, ptr %argument_at, align 8
  br label %look
look:
  %c = phi i64 [ 0, %kernel ], [ %c2, %do ]
  %more = icmp slt i64 %c, %size
  br i1 %more, label %do, label %done
do:
  call void %function(ptr %table, i64 %c, i64 %thread, i64 %argument)
  %c2 = add i64 %c, 1
  br label %look
done:
  %k2 = add i64 %k, 1
  %further = icmp slt i64 %k2, %count
  br i1 %further, label %clock, label %out
clock:
  ; what a check has failed in, or was given up, is not used: others than the caller learn of it here alone
  %bad = call i1 @failed(ptr %table)
  br i1 %bad, label %out, label %well
well:
  %so_many = add i64 %since, 1
  %due = icmp sge i64 %so_many, %gap
  br i1 %due, label %ask, label %turned
ask:
  %told = call i64 @look(ptr %table, i64 %gap, i64 %thread)
  %stop = icmp eq i64 %told, 0
  br i1 %stop, label %out, label %turned
turned:
  %since_now = phi i64 [ %so_many, %well ], [ 0, %ask ]
  %wish = phi i64 [ %gap, %well ], [ %told, %ask ]
  br label %kernel
out:
  ret void
}
"""

#: words of a gathering: where the rows lie, bytes of one, how many, the address of their numbers, where they go, and
#: how many a chunk takes
GATHERING = 6
#: bytes of the next row that are asked for while one is copied: rows lie anywhere, and the first bytes come latest
_AHEAD = 4096


def gather() -> str:
    """`gather`: a chunk of the rows that a step begins with."""
    words = "\n".join(
        f"  %{name}_at = getelementptr i64, ptr %block, i64 {number}\n  %{name} = load {kind}, ptr %{name}_at, align 8"
        for number, (name, kind) in enumerate(
            (("source", "ptr"), ("bytes", "i64"), ("rows", "i64"), ("order", "ptr"), ("goal", "ptr"), ("each", "i64"))
        )
    )
    return f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)

define void @gather(ptr %table, i64 %chunk, i64 %thread, i64 %where) nounwind #0 {{
begin:
  %block = getelementptr i64, ptr %table, i64 %where
{words}
  %first = mul i64 %chunk, %each
  %wish = add i64 %first, %each
  %over = icmp sgt i64 %wish, %rows
  %end = select i1 %over, i64 %rows, i64 %wish
  %long = icmp sgt i64 %bytes, {_AHEAD}
  %near = select i1 %long, i64 {_AHEAD}, i64 %bytes
  br label %look
look:
  %r = phi i64 [ %first, %begin ], [ %r2, %now ]
  %some = icmp slt i64 %r, %end
  br i1 %some, label %copy, label %out
copy:
  %r2 = add i64 %r, 1
  %later = icmp slt i64 %r2, %end
  br i1 %later, label %ahead, label %now
ahead:
  %next_at = getelementptr i64, ptr %order, i64 %r2
  %next_number = load i64, ptr %next_at, align 8
  %next_offset = mul i64 %next_number, %bytes
  %next = getelementptr i8, ptr %source, i64 %next_offset
  br label %ask
ask:
  %a = phi i64 [ 0, %ahead ], [ %a2, %ask ]
  %asked = getelementptr i8, ptr %next, i64 %a
  call void @llvm.prefetch.p0(ptr %asked, i32 0, i32 3, i32 1)
  %a2 = add i64 %a, 64
  %within = icmp slt i64 %a2, %near
  br i1 %within, label %ask, label %now
now:
  %number_at = getelementptr i64, ptr %order, i64 %r
  %number = load i64, ptr %number_at, align 8
  %offset = mul i64 %number, %bytes
  %from = getelementptr i8, ptr %source, i64 %offset
  %place = mul i64 %r, %bytes
  %to = getelementptr i8, ptr %goal, i64 %place
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  br label %look
out:
  ret void
}}
"""
