//! `servers.NAME`.

use crate::manifest::slot::{Text, WordOr, slots};

slots! {
    /// A server and how to talk to it.
    pub struct Server {
        /// The server's name or address. Required.
        pub host: Text,
        /// The control connection's port. Default: 21, or 990 with `tls: implicit`.
        pub port: Text = Shape::Whole(1, 65535),
        /// The user to log in as. Default: anonymous.
        pub user: Text = Shape::Usually("anonymous"),
        /// The user's password; better `${env.NAME}` or `${file.PATH}` than in clear text. Required with `user`.
        pub password: Text,
        /// Encryption: `off` (or `false`), `explicit`, `implicit`, or a map of TLS settings. Default: off.
        pub tls: WordOr<Box<Tls>> = Shape::Off(&["off", "explicit", "implicit"]),
        /// Who opens data connections: `passive` (ftpflow) or `active` (the server), or a map. Default: passive.
        pub data: WordOr<Data> = Shape::Words(&["passive", "active"]),
        /// Where passive data connections go: `control` (the control connection's peer, whatever the server reports) or
        /// `reported`. Default: control.
        pub pasv_address: Text = Shape::Words(&["control", "reported"]),
        /// The encoding of file names: `auto` or a WHATWG label such as `gbk`, `shift_jis` or `windows-1252`. Default: auto.
        pub encoding: Text = Shape::Encoding,
        /// How folders are listed: `auto` (MLSD if offered, else LIST), `mlsd`, `list`, `list-a` or `nlst`. Default: auto.
        pub listing: Text = Shape::Words(&["auto", "mlsd", "list", "list-a", "nlst"]),
        /// Whether commands are sent before the server has answered others: `auto` (where it has shown that it bears it) or `off`.
        /// Default: auto.
        pub ahead: Text = Shape::Words(&["auto", "off"]),
        /// The most sessions open to this server at once. Default: 4.
        pub connections: Text = Shape::Whole(1, 1000),
        /// How long to wait for the server.
        pub timeouts: Timeouts,
        /// The time zone of LIST times, such as `+08:00`; `auto` calibrates against MDTM. Default: auto.
        pub clock_offset: Text = Shape::Zone,
        /// The most that one step takes from this server's listings, which a faulty or hostile server never ends.
        pub limits: Limits,
    }
    rules { "required": ["host"] }
}

slots! {
    /// `tls:` as a map.
    pub struct Tls {
        /// `off`, `explicit` (AUTH TLS) or `implicit` (TLS from the first byte). Required.
        pub mode: Text = Shape::Off(&["off", "explicit", "implicit"]),
        /// Check the server's certificate. Default: true.
        pub verify: Text = Shape::Boolean,
        /// A file of certificates (PEM) to trust in place of the system's.
        pub ca_file: Text,
        /// The certificate (PEM) to show to the server.
        pub cert_file: Text,
        /// The key (PEM) of `cert_file`.
        pub key_file: Text,
        /// The name that the server's certificate must have. Default: `host`.
        pub server_name: Text,
        /// The lowest version of TLS, `1.2` or `1.3`. Default: 1.2.
        pub min: Text = Shape::Version(&["1.2", "1.3"]),
        /// The highest version of TLS, `1.2` or `1.3`. Default: 1.3.
        pub max: Text = Shape::Version(&["1.2", "1.3"]),
    }
    rules { "required": ["mode"], "dependentRequired": { "cert_file": ["key_file"], "key_file": ["cert_file"] } }
}

slots! {
    /// `data:` as a map.
    pub struct Data {
        /// `passive` (EPSV, else PASV) or `active` (EPRT, else PORT). Required.
        pub mode: Text = Shape::Words(&["passive", "active"]),
        /// For active mode: the local ports to listen on, such as `50000-50100`. Default: any.
        pub ports: Text = Shape::Ports,
        /// For active mode: the address to tell the server. Default: that of the control connection.
        pub address: Text,
    }
    rules { "required": ["mode"] }
}

slots! {
    /// How long to wait for a server before giving up.
    pub struct Timeouts {
        /// For a connection. Default: 15s.
        pub connect: Text = Shape::Duration,
        /// For a reply. Default: 60s.
        pub reply: Text = Shape::Duration,
        /// For progress on a data connection. Default: 60s.
        pub data: Text = Shape::Duration,
        /// For the reply after a transfer, while the server still stores the file. Default: 10m.
        pub final_reply: Text = Shape::Duration,
    }
}

slots! {
    /// How much one step takes from a server's listings before it fails.
    pub struct Limits {
        /// Entries, over all folders. Default: 1000000.
        pub entries: Text = Shape::Whole(1, 50_000_000),
        /// Folders. Default: 100000.
        pub folders: Text = Shape::Whole(1, 50_000_000),
    }
}
