//! The part of the tar format (POSIX ustar) that shards use: plain files, short names, no owner, no time.
//!
//! Written by hand because every byte of it is part of our format: a library may lay out a header differently in its
//! next release, and then the same shard would differ between two machines.

/// Headers and contents are padded to this many bytes.
pub const BLOCK: u64 = 512;

/// Two blocks of zeros end an archive; nothing follows them.
pub const END: [u8; 1024] = [0; 1024];

/// The most bytes that a member can have: eleven octal digits.
pub const LARGEST: u64 = 0o77_777_777_777;

/// `bytes` rounded up to whole blocks.
pub const fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK)
}

/// The header of a plain file: mode 0644, owner 0, group 0, time 0.
///
/// # Panics
/// When the name has more than 100 bytes or the file more than [`LARGEST`].
pub fn header(name: &str, bytes: u64) -> [u8; BLOCK as usize] {
    assert!(name.len() <= 100 && bytes <= LARGEST, "BUG: a tar cannot hold {name} of {bytes} bytes");
    let mut header = [0; BLOCK as usize];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0"); // mode
    put(108, b"0000000\0"); // owner
    put(116, b"0000000\0"); // group
    put(124, format!("{bytes:011o}\0").as_bytes());
    put(136, b"00000000000\0"); // time
    put(148, b"        "); // the checksum counts itself as spaces
    put(156, b"0"); // a plain file
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_a_tar_library_reads() {
        let name = format!("{}.webp", "0123456789abcdef".repeat(2));
        let mut archive = header(&name, 5).to_vec();
        archive.extend(b"hello");
        archive.resize(1024, 0);
        archive.extend(END);
        let mut archive = ::tar::Archive::new(&archive[..]);
        let entries: Vec<_> = archive.entries().unwrap().map(Result::unwrap).collect();
        let header = entries[0].header();
        assert!(header.as_ustar().is_some() && header.entry_type().is_file());
        assert_eq!(entries[0].path().unwrap().to_str().unwrap(), name);
        let numbers = (header.size(), header.uid(), header.gid(), header.mtime(), header.mode());
        assert_eq!(numbers.0.unwrap(), 5);
        assert_eq!((numbers.1.unwrap(), numbers.2.unwrap(), numbers.3.unwrap(), numbers.4.unwrap()), (0, 0, 0, 0o644));
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn the_header_is_pinned() {
        // The same bytes as Python's `tarfile.TarInfo.tobuf(tarfile.USTAR_FORMAT)`.
        assert_eq!(
            crate::digest::Digest::of(&header("a.jpg", LARGEST)).hex(),
            "80ba533d11250fbfb2932f542293d433771803cd8e278d5af106eeeabecdd719"
        );
    }
}
