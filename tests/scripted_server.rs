//! The scripted server when it behaves, spoken to over raw sockets: what other tests build on must be right.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::harness::client::{Client, lab};
use crate::harness::server::{
    AsciiSize, Cap, Content, Digest, Do, Features, Gate, ListStyle, On, OntoExisting, pattern,
};

#[test]
fn commands_sent_ahead_are_done_in_order() {
    let server = lab().start();
    let mut client = Client::login(&server);
    let mut data = client.epsv();
    client.send(&["RETR /a/b.txt", "SIZE /a/b.txt", "EPSV"]);
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"hello");
    assert_eq!(client.codes(2), ["150", "226"]);
    assert_eq!(client.reply(), "213 5");
    let port = client.reply();
    let mut data = TcpStream::connect(client.passive_address(&port)).unwrap();
    client.send(&[
        "STOR /x/t",
        "SIZE /x/t",
        "MFMT 20240102030405 /x/t",
        "RNFR /x/t",
    ]);
    data.write_all(b"upload").unwrap();
    drop(data);
    assert_eq!(client.codes(2), ["150", "226"]);
    assert_eq!(client.reply(), "213 6");
    assert_eq!(client.codes(2), ["213", "350"]);
    client.send(&["RNTO /x/u", "QUIT"]);
    assert_eq!(client.codes(2), ["250", "221"]);
    assert_eq!(server.read("/x/u").unwrap(), b"upload");
    assert_eq!(server.modified("/x/u"), Some(1_704_164_645));
    assert!(!server.exists("/x/t"));
    assert_eq!(server.count("retr"), 1);
    assert_eq!(server.log()[3], "1: EPSV");
}

#[test]
fn a_line_in_pieces_is_one_command() {
    let server = lab().start();
    let mut client = Client::login(&server);
    client.send_bytes(b"SI".to_vec());
    client.send_bytes(b"ZE /a/b.txt\r".to_vec());
    client.send_bytes(b"\nNOOP\n".to_vec());
    assert_eq!(client.codes(2), ["213", "200"]);
}

#[test]
fn only_the_right_password_is_let_in() {
    let server = lab().start();
    let mut client = Client::connect(&server);
    client.send(&[
        "SIZE /a/b.txt",
        "USER lab",
        "PASS wrong",
        "PWD",
        "USER lab",
        "PASS lab-secret",
        "PWD",
    ]);
    assert_eq!(
        client.codes(8),
        ["220", "530", "331", "530", "530", "331", "230", "257"]
    );
}

#[test]
fn folders_and_names_work_as_on_a_disk() {
    let server = lab().link("/l", "/a").start();
    let mut client = Client::login(&server);
    client.send(&[
        "CWD x",
        "MKD y",
        "MKD y",
        "CWD y",
        "PWD",
        "CDUP",
        "RMD y",
        "RMD /a",
        "DELE /x",
        "DELE /l/b.txt",
    ]);
    let codes = client.codes(10);
    assert_eq!(
        codes,
        [
            "250", "257", "550", "250", "257", "250", "250", "550", "550", "250"
        ]
    );
    client.send(&["RNFR /a", "RNTO /x/a", "RNFR /nothing", "RNTO /b"]);
    assert_eq!(client.codes(4), ["350", "250", "550", "503"]);
    assert_eq!(server.names("/x"), ["a"]);
    assert_eq!(server.names("/"), ["l", "x"]);
}

#[test]
fn names_are_bytes_in_every_command() {
    let name = b"/\xb0\xe6\xb1\xbe ";
    let server = lab().file(name, b"gbk").start();
    let mut client = Client::login(&server);
    client.send_bytes([b"SIZE ".as_slice(), name, b"\r\nMKD /\xff\"\r\n"].concat());
    assert_eq!(client.reply(), "213 3");
    assert_eq!(client.line(), b"257 \"/\xff\"\"\" created\r\n");
    let listing = client.fetch("MLSD").0;
    let line = [
        b"type=file;size=3;modify=20200102030405;perm=adfrw; ",
        &name[1..],
        b"\r\n",
    ]
    .concat();
    assert!(
        listing.windows(line.len()).any(|window| window == line),
        "{}",
        String::from_utf8_lossy(&listing)
    );
    assert_eq!(server.names_bytes("/")[3], b"\xff\"");
}

#[test]
fn listings_speak_unix_and_dos() {
    let unix = lab().file("/.dot", b"").link("/l", "a").start();
    let mut client = Client::login(&unix);
    assert_eq!(
        client.text("LIST /a"),
        "-rw-r--r--    1 ftp      ftp                 5 Jan  2  2020 b.txt\r\n"
    );
    assert_eq!(client.text("LIST /a/b.txt"), client.text("LIST a"));
    assert_eq!(client.text("NLST"), ".dot\r\na\r\nl\r\nx\r\n");
    assert!(client.text("LIST").contains(" l -> a\r\n"));
    assert_eq!(client.ask("MLSD /a/b.txt"), "550 not a directory");
    assert!(
        client
            .ask("MLST /a/b.txt")
            .contains("\r\n type=file;size=5;modify=20200102030405;perm=adfrw; /a/b.txt\r\n")
    );

    let style = ListStyle::dos().hide_dot_names().zone(12 * 3600);
    let dos = lab().file("/.dot", b"").list_style(style).start();
    let mut client = Client::login(&dos);
    assert_eq!(
        client.text("LIST /a"),
        "01-02-20  03:04PM                    5 b.txt\r\n"
    );
    assert_eq!(
        client.text("LIST"),
        "01-02-20  03:04PM       <DIR>          a\r\n01-02-20  03:04PM       <DIR>          x\r\n"
    );
    assert_eq!(client.text("NLST -a /"), ".dot\r\na\r\nx\r\n");
}

#[test]
fn features_left_out_are_not_there() {
    let server = lab()
        .features(
            Features::all()
                .without("MLSD")
                .without("EPSV")
                .without("UTF8"),
        )
        .start();
    let mut client = Client::login(&server);
    assert_eq!(
        client.ask("FEAT"),
        "211-Features:\r\n SIZE\r\n MDTM\r\n MFMT\r\n REST STREAM\r\n EPRT\r\n211 End"
    );
    client.send(&["MLSD", "MLST", "EPSV", "OPTS UTF8 ON", "MDTM /a/b.txt"]);
    assert_eq!(client.codes(4), ["500", "500", "500", "501"]);
    assert_eq!(client.reply(), "213 20200102030405");
}

#[test]
fn ascii_turns_line_ends_both_ways() {
    let server = lab()
        .file("/lines", b"a\nb\r\nc")
        .ascii_size(AsciiSize::AsStored)
        .start();
    let mut client = Client::login(&server);
    client.send(&["TYPE A", "SIZE /lines"]);
    assert_eq!(
        (client.reply(), client.reply()),
        ("200 type set".into(), "213 6".into())
    );
    assert_eq!(client.text("RETR /lines"), "a\r\nb\r\nc");
    assert_eq!(
        client.store("STOR /up", b"1\r\n2\r3\r\n"),
        "226 transfer complete"
    );
    assert_eq!(server.read("/up").unwrap(), b"1\n2\r3\n");
}

#[test]
fn restart_append_and_times_work() {
    let server = lab().start();
    let mut client = Client::login(&server);
    assert_eq!(client.ask("REST 3"), "350 restarting there");
    assert_eq!(client.fetch("RETR /a/b.txt").0, b"lo");
    assert_eq!(client.fetch("RETR /a/b.txt").0, b"hello");
    client.store("APPE /a/b.txt", b" world");
    assert_eq!(server.read("/a/b.txt").unwrap(), b"hello world");
    client.ask("REST 5");
    client.store("STOR /a/b.txt", b"!");
    assert_eq!(server.read("/a/b.txt").unwrap(), b"hello!");
    client.ask("MDTM 20210101000000 /a/b.txt");
    assert_eq!(server.modified("/a/b.txt"), Some(1_609_459_200));
}

#[test]
fn two_gibibytes_cost_no_memory() {
    let server = lab()
        .pattern("/big", 2 << 30, 7)
        .pattern("/small", 300_000, 7)
        .discard_uploads()
        .start();
    let mut client = Client::login(&server);
    assert_eq!(client.ask("SIZE /big"), "213 2147483648");
    client.ask("REST 2147483640");
    assert_eq!(client.fetch("RETR /big").0.len(), 8);
    let bytes = client.fetch("RETR /small").0;
    assert!(bytes == pattern(300_000, 7) && bytes != pattern(300_000, 8));
    client.store("STOR /copy", &bytes[..100_001]);
    client.store("APPE /copy", &bytes[100_001..]);
    assert_eq!(server.digest("/copy"), server.digest("/small"));
    assert_eq!(
        server.tree()[b"/copy".as_slice()].content,
        Some(Digest::of(&bytes))
    );
    assert_eq!(server.read("/copy"), Some(bytes));
}

#[test]
fn discarded_uploads_keep_their_digest() {
    let server = lab().discard_uploads().start();
    let mut client = Client::login(&server);
    let mut bytes = pattern(200_000, 7);
    bytes[150_003] ^= 1;
    client.store("STOR /copy", &bytes[..100_001]);
    client.store("APPE /copy", &bytes[100_001..]);
    assert_eq!(server.digest("/copy"), Some(Digest::of(&bytes)));
    assert_ne!(
        server.digest("/copy"),
        Some(
            Content::Pattern {
                len: 200_000,
                seed: 7
            }
            .digest()
        )
    );
    assert_ne!(server.digest("/copy"), Some(Digest::of(&bytes[1..])));
    assert_eq!(server.read("/copy"), None);
    client.store("STOR /copy", b"short");
    assert_eq!(server.digest("/copy"), Some(Digest::of(b"short")));
}

#[test]
fn active_data_connections_go_to_the_client() {
    for ipv6 in [false, true] {
        let server = if ipv6 {
            lab().ipv6().start()
        } else {
            lab().start()
        };
        let mut client = Client::login(&server);
        let listener = TcpListener::bind((client.host, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut lines = vec![format!(
            "EPRT |{}|{}|{port}|",
            if ipv6 { 2 } else { 1 },
            client.host
        )];
        if !ipv6 {
            lines.push(format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255));
        }
        for line in &lines {
            assert!(client.ask(line).starts_with("200"));
            client.send(&["RETR /a/b.txt"]);
            let mut bytes = Vec::new();
            listener
                .accept()
                .unwrap()
                .0
                .read_to_end(&mut bytes)
                .unwrap();
            assert_eq!(bytes, b"hello");
            assert_eq!(client.codes(2), ["150", "226"]);
        }
    }
}

#[test]
fn passive_works_on_both_families() {
    let server = lab().ipv6().start();
    assert_eq!(
        server.yaml(),
        format!(
            "{{ host: \"::1\", port: {}, user: \"lab\", password: \"lab-secret\" }}",
            server.port()
        )
    );
    let mut client = Client::login(&server);
    assert_eq!(client.fetch("RETR /a/b.txt").0, b"hello");
    assert!(client.ask("PASV").starts_with("501"));

    let server = lab()
        .rule(On::command("PASV").nth(2), Do::PasvAddress([10, 1, 2, 3]))
        .start();
    let mut client = Client::login(&server);
    assert!(
        client
            .ask("PASV")
            .starts_with("227 Entering Passive Mode (127,0,0,1,")
    );
    assert!(
        client
            .ask("PASV")
            .starts_with("227 Entering Passive Mode (10,1,2,3,")
    );
}

#[test]
fn a_folder_of_thousands_is_listed_whole() {
    let names = (0..5_000).map(|number| format!("f{number:06}"));
    let server = lab().files("/many", names, b"").start();
    let mut client = Client::login(&server);
    assert_eq!(client.text("MLSD /many").lines().count(), 5_002);
    assert_eq!(client.text("NLST /many").lines().last(), Some("f004999"));
}

#[test]
fn a_taken_name_is_replaced_refused_or_left() {
    for (answer, reply, content) in [
        (OntoExisting::Replace, "250", b"new"),
        (OntoExisting::Refuse, "553", b"old"),
        (OntoExisting::Pretend, "250", b"old"),
    ] {
        let server = lab()
            .file("/t", b"new")
            .file("/f", b"old")
            .onto_existing(answer)
            .start();
        let mut client = Client::login(&server);
        client.send(&["RNFR /t", "RNTO /f"]);
        assert_eq!(client.codes(2), ["350", reply], "{answer:?}");
        assert_eq!(server.read("/f").unwrap(), content, "{answer:?}");
    }
}

#[test]
fn sessions_above_the_cap_are_refused() {
    let server = lab().max_sessions(1, Cap::AtGreeting421).start();
    let first = Client::login(&server);
    assert_eq!(Client::connect(&server).reply(), "421 too many connections");
    drop(first);
    server.until_no_sessions();
    Client::login(&server);

    let server = lab().max_sessions(1, Cap::AtUser530).start();
    let _first = Client::login(&server);
    let mut second = Client::connect(&server);
    second.send(&["USER lab"]);
    assert_eq!(second.codes(2), ["220", "530"]);
}

#[test]
fn a_server_stops_at_once_whatever_it_waits_for() {
    let gate = Gate::new();
    let server = lab()
        .rule(On::command("NOOP").session(1), Do::Wait(gate.clone()))
        .rule(On::command("NOOP").session(2), Do::Hang)
        .start();
    let mut clients = [(); 4].map(|()| Client::login(&server));
    clients[0].send(&["NOOP"]);
    clients[1].send(&["NOOP"]);
    clients[2].send(&["EPSV", "RETR /a/b.txt"]);
    let _open = clients[3].epsv();
    clients[3].send(&["STOR /x/never"]);
    server.until_command("STOR", 1);
    server.until_command("RETR", 1);
    gate.until_arrived(1);
    // A server that waited for one of them would never end.
    let (ended, end) = channel();
    std::thread::spawn(move || {
        drop(server);
        ended.send(())
    });
    end.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[test]
fn a_test_can_wait_for_what_a_client_does() {
    let server = lab().start();
    std::thread::scope(|scope| {
        scope.spawn(|| Client::login(&server).ask("MKD /x/made"));
        server.wait_for(|log| {
            log.iter()
                .any(|entry| entry.verb == "MKD" && entry.argument == b"/x/made")
        });
        server.until_no_sessions();
    });
    assert!(server.exists("/x/made"));
}
