"""Sets how much free memory glibc keeps.

asyncio reads 256 KiB at a time. glibc gets a block of more than 128 KiB from the system each time
and gives it back at once, and so it does with the free end of its heap: the echo of a short message
then takes 26 µs in place of 8, and one of 100 KB over TLS 260 in place of 140. To free one block of
some size makes that size the limit of blocks, and twice the size that of the end (mallopt(3),
M_MMAP_THRESHOLD). Elsewhere it does nothing.
"""

_block = bytes(1 << 20)
del _block
