//! TLS that fails, is attacked, or ends badly: what is said, and that nothing is sent that must not be heard.

use std::io::{Read, Write};

use ftpflow::endpoint::{Endpoint, Tls, TlsOptions, TlsVersion};
use ftpflow::ftp::{Class, Error, ErrorKind, Retrieve, Session, Store, TlsFault};

use crate::harness::Case;
use crate::harness::secure::{CONTENT, Secure, Shows, Trick};
use crate::harness::session;

fn trusting(server: &Secure) -> TlsOptions {
    TlsOptions {
        ca_file: Some(server.ca_file()),
        ..TlsOptions::default()
    }
}

fn open(server: &Secure, tls: Tls) -> Result<Session, Error> {
    let endpoint = Endpoint {
        tls,
        ..session::endpoint("127.0.0.1", server.port(), "ann")
    };
    session::open(endpoint, "hush")
}

/// The failure of opening a session; neither user nor password was sent.
#[track_caller]
fn fault(server: &Secure, tls: Tls) -> (TlsFault, Class) {
    let error = open(server, tls).err().expect("it fails");
    let lines = server.lines();
    let named = lines
        .iter()
        .any(|line| line.starts_with("USER") || line.starts_with("PASS"));
    assert!(!named, "{lines:?}");
    assert!(error.help().is_some(), "{error}");
    match error.kind {
        ErrorKind::Tls(fault) => (fault, error.class()),
        other => panic!("{other:?}: {error}"),
    }
}

#[track_caller]
fn explicit_fault(trick: Trick, shows: Shows) -> (TlsFault, Class) {
    let server = Secure::start(trick, shows);
    fault(&server, Tls::Explicit(trusting(&server)))
}

#[test]
fn a_refused_auth_pbsz_or_prot_ends_the_session_before_the_user() {
    let seen = explicit_fault(Trick::Refuses("AUTH"), Shows::Good);
    assert_eq!(seen, (TlsFault::Refused, Class::Permanent));
    for verb in ["PBSZ", "PROT"] {
        let seen = explicit_fault(Trick::Refuses(verb), Shows::Good);
        assert_eq!(seen, (TlsFault::DataInClear, Class::Permanent), "{verb}");
    }
}

#[test]
fn a_server_that_protects_data_after_the_login_only_is_asked_again() {
    let server = Secure::start(Trick::LoginFirst, Shows::Good);
    let mut session = open(&server, Tls::Explicit(trusting(&server))).unwrap();
    assert_eq!(get(&mut session).unwrap(), CONTENT);
    let lines = server.lines();
    let wanted = ["USER ann", "PASS hush", "PBSZ 0", "PROT P"];
    assert_eq!(lines[3..7], wanted, "{lines:?}");
}

#[test]
fn a_server_that_never_protects_data_gets_no_listing_and_no_file() {
    let server = Secure::start(Trick::NeverProtects, Shows::Good);
    let error = open(&server, Tls::Explicit(trusting(&server)));
    let error = error.err().expect("it fails");
    assert_eq!(error.kind, ErrorKind::Tls(TlsFault::DataInClear));
    assert!(!error.to_string().contains("was sent"), "{error}");
    let lines = server.lines();
    assert_eq!(lines.last().unwrap(), "PROT P", "{lines:?}");
}

#[test]
fn clear_text_behind_the_reply_to_auth_is_an_attack() {
    let seen = explicit_fault(Trick::Injects, Shows::Good);
    assert_eq!(seen, (TlsFault::Injected, Class::Permanent));
}

#[test]
fn clear_text_in_place_of_the_handshake_is_not_taken_for_replies() {
    let (fault, _) = explicit_fault(Trick::AnswersInClear, Shows::Good);
    assert!(
        matches!(fault, TlsFault::NotTls | TlsFault::Injected),
        "{fault:?}"
    );
}

#[test]
fn each_wrong_certificate_is_told_from_the_others() {
    let name = explicit_fault(Trick::None, Shows::OtherName);
    assert_eq!(name, (TlsFault::Name, Class::Permanent));
    let expired = explicit_fault(Trick::None, Shows::Expired);
    assert_eq!(expired, (TlsFault::Expired, Class::Permanent));
    let server = Secure::start(Trick::None, Shows::Good);
    let unknown = fault(&server, Tls::Explicit(TlsOptions::default()));
    assert_eq!(unknown, (TlsFault::Unknown, Class::Permanent));
}

#[test]
fn a_certificate_that_signed_itself_as_an_authority_can_be_named() {
    let server = Secure::start(Trick::None, Shows::Authority);
    assert!(open(&server, Tls::Explicit(trusting(&server))).is_ok());
    let server = Secure::start(Trick::None, Shows::Authority);
    let elsewhere = TlsOptions {
        server_name: Some("elsewhere.example".into()),
        ..trusting(&server)
    };
    let name = fault(&server, Tls::Explicit(elsewhere));
    assert_eq!(name, (TlsFault::Name, Class::Permanent));
    let expired = explicit_fault(Trick::None, Shows::ExpiredAuthority);
    assert_eq!(expired, (TlsFault::Expired, Class::Permanent));
    // Another one's file does not do.
    let other = Secure::start(Trick::None, Shows::Authority);
    let (unknown, _) = fault(&server, Tls::Explicit(trusting(&other)));
    assert_ne!(unknown, TlsFault::Expired);
}

#[test]
fn server_name_names_the_certificate() {
    let server = Secure::start(Trick::None, Shows::OtherName);
    let options = TlsOptions {
        server_name: Some("elsewhere.example".into()),
        ..trusting(&server)
    };
    assert!(open(&server, Tls::Explicit(options)).is_ok());
}

#[test]
fn verify_false_takes_any_certificate() {
    let server = Secure::start(Trick::None, Shows::Expired);
    let options = TlsOptions {
        verify: false,
        ..TlsOptions::default()
    };
    assert!(open(&server, Tls::Explicit(options)).is_ok());
}

#[test]
fn a_server_of_old_versions_is_told_from_other_failures() {
    let seen = explicit_fault(Trick::OldVersions, Shows::Good);
    assert_eq!(seen, (TlsFault::Version, Class::Permanent));
}

#[test]
fn implicit_tls_towards_a_clear_server_says_so() {
    let server = Secure::start(Trick::None, Shows::Good);
    let seen = fault(&server, Tls::Implicit(trusting(&server)));
    assert_eq!(seen, (TlsFault::NotTls, Class::Permanent));
}

#[test]
fn a_login_refused_under_tls_is_not_blamed_on_tls() {
    let server = Secure::start(Trick::Refuses("PASS"), Shows::Good);
    let error = open(&server, Tls::Explicit(trusting(&server)))
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Login);
    assert!(!error.help().unwrap().contains("tls"), "{error}");
}

#[test]
fn implicit_tls_protects_its_data_too() {
    let server = Secure::start(Trick::Implicit, Shows::Good);
    let mut session = open(&server, Tls::Implicit(trusting(&server))).unwrap();
    assert_eq!(get(&mut session).unwrap(), CONTENT);
    assert_eq!(server.lines()[..3], ["PBSZ 0", "PROT P", "USER ann"]);
}

#[test]
fn a_server_that_wants_a_certificate_gets_it_or_says_so_in_every_version() {
    let server = Secure::start(Trick::WantsCertificate, Shows::Good);
    for version in [TlsVersion::V12, TlsVersion::V13] {
        let without = TlsOptions {
            min: Some(version),
            max: Some(version),
            ..trusting(&server)
        };
        let seen = fault(&server, Tls::Explicit(without.clone()));
        assert_eq!(seen, (TlsFault::ClientCertificate, Class::Permanent));
    }
    let (cert_file, key_file) = server.client_files();
    for version in [TlsVersion::V12, TlsVersion::V13] {
        let with = TlsOptions {
            min: Some(version),
            max: Some(version),
            cert_file: Some(cert_file.clone()),
            key_file: Some(key_file.clone()),
            ..trusting(&server)
        };
        let mut session = open(&server, Tls::Explicit(with)).unwrap();
        assert_eq!(get(&mut session).unwrap(), CONTENT);
    }
}

#[test]
fn a_certificate_that_is_set_and_refused_is_not_asked_for() {
    let server = Secure::start(Trick::WantsCertificate, Shows::Good);
    let stranger = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["stranger.example".to_owned()]).unwrap();
    // Not the name of the authority that the server trusts.
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "a stranger");
    let cert_file = stranger.path().join("c.pem");
    let key_file = stranger.path().join("c.key");
    std::fs::write(&cert_file, params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    for version in [TlsVersion::V12, TlsVersion::V13] {
        let with = TlsOptions {
            min: Some(version),
            max: Some(version),
            cert_file: Some(cert_file.clone()),
            key_file: Some(key_file.clone()),
            ..trusting(&server)
        };
        let seen = fault(&server, Tls::Explicit(with));
        assert_eq!(
            seen,
            (TlsFault::ClientRefused, Class::Permanent),
            "{version:?}"
        );
    }
}

#[test]
fn a_failed_handshake_is_one_of_no_command_and_said_in_plain_words() {
    let said = |trick, shows| {
        let server = Secure::start(trick, shows);
        let error = open(&server, Tls::Explicit(trusting(&server)))
            .err()
            .unwrap();
        assert_eq!(error.command, None, "{error}");
        (error.cause(), error.help().unwrap_or_default())
    };
    let (cause, _) = said(Trick::None, Shows::Expired);
    assert_eq!(
        cause,
        "the server's certificate has expired (on 2020-01-01)"
    );
    let (cause, _) = said(Trick::None, Shows::OtherName);
    assert_eq!(
        cause,
        "the server's certificate is for another name (for elsewhere.example, not for 127.0.0.1)"
    );
    let (_, help) = said(Trick::AnswersInClear, Shows::Good);
    assert!(!help.contains("tls: explicit"), "{help}");
}

#[test]
fn a_file_that_is_no_certificate_is_named_before_anything_is_sent() {
    let server = Secure::start(Trick::None, Shows::Good);
    let (_, key_file) = server.client_files();
    let options = TlsOptions {
        ca_file: Some(key_file.clone()),
        ..TlsOptions::default()
    };
    let error = open(&server, Tls::Explicit(options)).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Tls(TlsFault::File));
    let file = key_file.display().to_string();
    assert!(error.to_string().contains(&file), "{error}");
    assert!(server.lines().is_empty());
}

fn get(session: &mut Session) -> Result<Vec<u8>, Error> {
    let mut receiving = session.retrieve(Retrieve {
        path: b"/f",
        offset: 0,
        size_after: false,
        time_before: false,
        time_after: false,
    })?;
    let mut bytes = Vec::new();
    receiving.read_to_end(&mut bytes).map_err(Error::from)?;
    let count = receiving.finish();
    session.retrieved(count).map(|_| bytes)
}

#[test]
fn an_end_without_close_notify_counts_when_the_size_agrees() {
    let server = Secure::start(Trick::Cuts, Shows::Good);
    let mut session = open(&server, Tls::Explicit(trusting(&server))).unwrap();
    assert_eq!(get(&mut session).unwrap(), CONTENT);
    assert!(session.healthy());
}

#[test]
fn an_end_without_close_notify_does_not_count_when_the_size_differs() {
    let server = Secure::start(Trick::CutsHalf, Shows::Good);
    let mut session = open(&server, Tls::Explicit(trusting(&server))).unwrap();
    let error = get(&mut session).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DataLost);
    assert_eq!(error.class(), Class::Transient);
}

#[test]
fn a_listing_without_close_notify_is_incomplete() {
    let server = Secure::start(Trick::Cuts, Shows::Good);
    let mut session = open(&server, Tls::Explicit(trusting(&server))).unwrap();
    let page = session.list(b"/").unwrap();
    assert_eq!(page.len(), 1);
    assert!(page.is_broken() && page.incomplete_reason().is_some());
}

#[test]
fn an_upload_ends_though_the_server_never_answers_close_notify() {
    let server = Secure::start(Trick::NeverCloses, Shows::Good);
    let mut session = open(&server, Tls::Explicit(trusting(&server))).unwrap();
    let mut sending = session
        .store(Store {
            path: b"/new",
            append: false,
            size_after: false,
            time_after: false,
            modified: None,
            look_at: None,
            rename_from: false,
        })
        .unwrap();
    sending.write_all(b"bytes").unwrap();
    let count = sending.finish().unwrap();
    session.stored(count).unwrap();
    assert!(session.healthy());
}

/// A pipeline that downloads `/f` with these settings of `tls`.
fn download(server: &Secure, tls: &str) -> Case {
    Case::new()
        .manifest(&format!(
            "version: 1\nservers:\n  s: {{host: 127.0.0.1, port: {}, tls: {{mode: explicit, {tls}}}}}\nsteps:\n  get:\n    download: {{server: s, files: /f, into: got}}\n",
            server.port()
        ))
        .file("certs/ca.pem", std::fs::read(server.ca_file()).unwrap())
}

#[test]
fn a_relative_ca_file_starts_from_the_folder_of_the_manifest() {
    let server = Secure::start(Trick::None, Shows::Good);
    let case = download(&server, "ca_file: certs/ca.pem");
    case.run().code(0);
    assert_eq!(case.read("got/f").unwrap(), CONTENT);
}

#[test]
fn every_run_says_that_a_certificate_is_not_verified() {
    let server = Secure::start(Trick::None, Shows::Good);
    let case = download(&server, "verify: false");
    case.run().code(0).stderr_has("is not verified");
}

#[test]
fn an_unknown_certificate_fails_the_run_with_what_to_set() {
    let server = Secure::start(Trick::None, Shows::Good);
    let case = download(&server, "verify: true");
    case.run()
        .code(1)
        .stderr_has("signed by nobody who is trusted")
        .stderr_has("ca_file");
    assert!(server.lines().iter().all(|line| line.starts_with("AUTH")));
}
