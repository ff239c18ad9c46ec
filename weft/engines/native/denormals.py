"""Numbers below the least normal one count as zero while native code runs, as in TensorFlow and in XLA.

Some processors (Intel's among them) take a hundred times as long over a denormal number as over any other, and the
gradients of a long recurrence are full of them. The mode is the thread's: what Python and numpy compute before and
after is not touched.
"""

from __future__ import annotations

#: bits of x86's MXCSR: results that are denormal become zero, operands that are denormal count as zero
_FLUSH, _ZEROS = 0x8000, 0x0040
#: the bit of ARM's FPCR that does both
_BOTH = 1 << 24


def text(arm: bool) -> str:
    """`flush`, which sets the mode of the thread and says what it was, and `restore`, which is told that."""
    if arm:
        return f"""
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)
define internal i64 @flush() nounwind #0 {{
  %mode = call i64 @llvm.aarch64.get.fpcr()
  %flushes = or i64 %mode, {_BOTH}
  call void @llvm.aarch64.set.fpcr(i64 %flushes)
  ret i64 %mode
}}
define internal void @restore(i64 %mode) nounwind #0 {{
  call void @llvm.aarch64.set.fpcr(i64 %mode)
  ret void
}}"""
    return f"""
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define internal i64 @flush() nounwind #0 {{
  %place = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %mode = load i32, ptr %place, align 4
  %flushes = or i32 %mode, {_FLUSH | _ZEROS}
  store i32 %flushes, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  %told = zext i32 %mode to i64
  ret i64 %told
}}
define internal void @restore(i64 %mode) nounwind #0 {{
  %place = alloca i32, align 4
  %word = trunc i64 %mode to i32
  store i32 %word, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret void
}}"""
