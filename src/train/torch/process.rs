//! What holds for the whole process while a network works in it.

/// Sets the threads of libtorch's operators, and keeps freed memory for the next batch.
pub(super) fn prepare(threads: u32) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
    keep_freed_memory();
}

/// Activations of tens of megabytes are allocated and freed with every batch. glibc would give each back to the system and
/// take fresh, zeroed pages for the next: a tenth of the time of a training step on two cores (EfficientNet-Lite0, 160 px,
/// batches of 32), a quarter where features are computed. Memory stays at its peak instead.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "a setting of the C library")]
fn keep_freed_memory() {
    // SAFETY: mallopt may be called at any time, takes numbers, and at worst refuses them, which costs speed alone.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 256 << 20);
    }
}

#[cfg(not(target_env = "gnu"))]
fn keep_freed_memory() {}
