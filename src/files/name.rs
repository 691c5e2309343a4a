//! The one place where a name from elsewhere is checked before it becomes a path or part of a command.

use thiserror::Error;

use super::NameEncoding;

/// Why a name is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameProblem {
    /// An entry without a name.
    #[error("the name is empty")]
    Empty,
    /// `.` or `..`.
    #[error("the name `{0}` would leave its folder")]
    Dots(&'static str),
    /// A separator inside a single name.
    #[error("the name holds a `/`, which would leave its folder")]
    Separator,
    /// CR, LF or NUL, which would end or split an FTP command (RFC 959 §5.3).
    #[error("the name holds a {0}, which cannot stand in an FTP command")]
    Control(&'static str),
    /// A space at the end, towards a server that would store another name.
    #[error("the name ends with a space, in place of which the server would write `_`")]
    EndSpace,
    /// Longer than local file systems take.
    #[error("the name is {0} bytes long, and this machine takes at most 255")]
    TooLong(usize),
    /// A character that the destination's encoding has no bytes for.
    #[error("the name holds `{character}`, which {encoding} cannot write")]
    Unmappable {
        /// The first such character.
        character: char,
        /// The destination's encoding.
        encoding: &'static str,
    },
    /// Bytes that are no text in the source's encoding, towards a side that wants text.
    #[error(
        "the name `{0}` is not text in its server's encoding, and the destination takes only text"
    )]
    NotText(String),
    /// The same on this machine, whose names are UTF-8.
    #[error("the name `{0}` is not UTF-8, and the destination takes only text")]
    NotTextHere(String),
}

impl NameProblem {
    /// The next thing to do, where there is one.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            NameProblem::Unmappable { .. } => Some(
                "set `encoding:` of the destination server to one that has the character, or leave the file out",
            ),
            NameProblem::NotText(_) => {
                Some("set `encoding:` of the source server to the encoding of its names")
            }
            NameProblem::NotTextHere(_) => {
                Some("rename the file on this machine, or leave it out with a `filter` step")
            }
            NameProblem::TooLong(_) | NameProblem::EndSpace => {
                Some("leave the file out with a `filter` step")
            }
            _ => None,
        }
    }

    /// The same about a name of this machine, which no setting gives another encoding.
    #[must_use]
    pub fn of_this_machine(self) -> NameProblem {
        match self {
            NameProblem::NotText(name) => NameProblem::NotTextHere(name),
            problem => problem,
        }
    }
}

/// How far the names of a destination reach: what bytes it can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This machine: text as UTF-8, a bad byte as `%XX`.
    Local,
    /// A server that takes any bytes: `encoding: auto`, and no UTF8 announced, or seen to keep other bytes, too.
    AnyBytes,
    /// A server that announces UTF8 (RFC 2640) and was not seen to keep other bytes, or whose encoding is declared:
    /// text only.
    ///
    /// pyftpdlib stores U+FFFD for bad bytes and answers 226, so they are never sent there.
    Text(NameEncoding),
}

/// Checks one name (no path) that came from a server or a disk.
pub fn check_component(name: &[u8]) -> Result<(), NameProblem> {
    match name {
        b"" => return Err(NameProblem::Empty),
        b"." => return Err(NameProblem::Dots(".")),
        b".." => return Err(NameProblem::Dots("..")),
        _ => {}
    }
    if name.contains(&b'/') {
        return Err(NameProblem::Separator);
    }
    check_command(name)
}

/// Checks bytes that are to stand in an FTP command: no CR, LF or NUL, and no command of telnet, which the control
/// connection speaks (RFC 959 §3.1).
///
/// Those begin with 255 (RFC 854). ProFTPD takes them out of a name and answers as if nothing had been changed, vsftpd
/// and Pure-FTPd keep them, and no way of writing them suits all.
pub fn check_command(bytes: &[u8]) -> Result<(), NameProblem> {
    if bytes
        .windows(2)
        .any(|pair| pair[0] == 255 && pair[1] >= 240)
    {
        return Err(NameProblem::Control("telnet command (byte 255)"));
    }
    let found = bytes.iter().find_map(|byte| match byte {
        b'\r' => Some("carriage return"),
        b'\n' => Some("line break"),
        0 => Some("NUL"),
        _ => None,
    });
    match found {
        Some(control) => Err(NameProblem::Control(control)),
        None => Ok(()),
    }
}

/// Checks one name of a path that is to be made on this machine.
pub fn local_component(name: &[u8]) -> Result<(), NameProblem> {
    check_component(name)?;
    if name.len() > 255 {
        return Err(NameProblem::TooLong(name.len()));
    }
    Ok(())
}

/// The bytes of one name (no path) at its destination.
pub fn translate(name: &[u8], from: NameEncoding, to: Reach) -> Result<Vec<u8>, NameProblem> {
    check_component(name)?;
    let decoded = from.decode(name);
    let bytes = match to {
        Reach::Local => decoded.text.into_owned().into_bytes(),
        Reach::AnyBytes if !decoded.exact => name.to_vec(),
        Reach::AnyBytes => decoded.text.into_owned().into_bytes(),
        Reach::Text(_) if !decoded.exact => {
            return Err(NameProblem::NotText(decoded.text.into_owned()));
        }
        Reach::Text(encoding) => encode(&decoded.text, encoding)?,
    };
    match to {
        Reach::Local => local_component(&bytes)?,
        _ => check_component(&bytes)?,
    }
    Ok(bytes)
}

fn encode(text: &str, encoding: NameEncoding) -> Result<Vec<u8>, NameProblem> {
    match encoding.encode(text) {
        Ok(bytes) => Ok(bytes.into_owned()),
        Err(character) => Err(NameProblem::Unmappable {
            character,
            encoding: encoding.label(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_or_split_a_command_are_refused() {
        for bad in [
            &b".."[..],
            b".",
            b"",
            b"../x",
            b"/etc/x",
            b"a\r\nDELE b",
            b"a\0",
        ] {
            assert!(check_component(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check_component(b"a b -la"), Ok(()));
    }

    #[test]
    fn telnet_commands_are_refused_and_a_lone_255_is_not() {
        assert!(check_command(b"a\xff\xf4b").is_err());
        assert!(check_command(b"a\xff\xffb").is_err());
        assert_eq!(check_command(b"a\xffb\xff"), Ok(()));
    }

    #[test]
    fn raw_bytes_go_only_where_any_bytes_are_taken() {
        let raw = b"a\xff";
        assert_eq!(
            translate(raw, NameEncoding::Auto, Reach::AnyBytes).unwrap(),
            raw
        );
        assert_eq!(
            translate(raw, NameEncoding::Auto, Reach::Local).unwrap(),
            b"a%FF"
        );
        assert!(translate(raw, NameEncoding::Auto, Reach::Text(NameEncoding::Auto)).is_err());
    }

    #[test]
    fn a_raw_name_of_this_machine_is_not_answered_with_a_setting_of_a_server() {
        let text = Reach::Text(NameEncoding::Auto);
        let problem = translate(b"a\xff", NameEncoding::Auto, text).unwrap_err();
        assert!(problem.help().unwrap().contains("encoding"));
        let problem = problem.of_this_machine();
        assert!(!problem.help().unwrap().contains("encoding"), "{problem}");
    }

    #[test]
    fn text_is_written_in_the_encoding_of_the_destination() {
        let gbk = NameEncoding::for_label("gbk").unwrap();
        let name = translate(b"\xb0\xe6\xb1\xbe", gbk, Reach::AnyBytes).unwrap();
        assert_eq!(name, "版本".as_bytes());
        assert_eq!(
            translate(&name, NameEncoding::Auto, Reach::Text(gbk)).unwrap(),
            b"\xb0\xe6\xb1\xbe"
        );
    }
}
