//! NLST: names, and on some servers the folder before each.

/// The last name of a line. What precedes it must be the folder that was listed, or `.`: another prefix is
/// left standing, and the name is then refused for its separator.
pub(in crate::ftp) fn name<'a>(line: &'a [u8], folder: &[u8]) -> &'a [u8] {
    let Some(slash) = line.iter().rposition(|byte| *byte == b'/') else {
        return line;
    };
    let prefix = &line[..slash];
    let known = prefix == b"." || prefix == folder || (prefix.is_empty() && folder == b"/");
    if known { &line[slash + 1..] } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_folder_is_taken_off() {
        assert_eq!(name(b"a b", b"/x"), b"a b");
        assert_eq!(name(b"./a", b"/x"), b"a");
        assert_eq!(name(b"/x/a", b"/x"), b"a");
        assert_eq!(name(b"/a", b"/"), b"a");
        assert_eq!(name(b"../../etc/a", b"/x"), b"../../etc/a");
    }
}
