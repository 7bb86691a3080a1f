use std::time::Duration;

use serde::Deserialize;

/// What a sink does with a request that it has read and recorded.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Answer {
    Respond(Respond),
    /// Bytes as they are, then the end of the connection.
    Raw {
        data: String,
    },
    /// The end of the connection.
    Close,
    /// The end of the connection by a TCP reset.
    Rst,
    /// Nothing, with the connection held open.
    Silence,
    /// Bytes as they are, one at a time with this pause before each, then the end of the connection.
    #[serde(skip)]
    Drip {
        data: String,
        pause: Duration,
    },
    /// A head, and then the same piece again and again until nobody reads any more.
    #[serde(skip)]
    Endless {
        head: String,
        piece: String,
    },
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Respond {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) body_repeat: Option<usize>,
    pub(crate) chunked: bool,
    pub(crate) no_length: bool,
    pub(crate) version: Option<String>,
    /// In seconds.
    pub(crate) delay: f64,
    pub(crate) close: bool,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Respond(Respond {
            status,
            ..Respond::default()
        })
    }

    pub(crate) fn late(status: u16, delay: Duration) -> Self {
        Self::Respond(Respond {
            status,
            delay: delay.as_secs_f64(),
            ..Respond::default()
        })
    }

    pub(crate) fn with_header(status: u16, name: &str, value: &str) -> Self {
        Self::Respond(Respond {
            status,
            headers: vec![(name.into(), value.into())],
            ..Respond::default()
        })
    }

    pub(crate) fn with_body(status: u16, body: &str) -> Self {
        Self::Respond(Respond {
            status,
            body: body.into(),
            ..Respond::default()
        })
    }
}

impl Answer {
    pub(crate) fn raw(data: impl Into<String>) -> Self {
        Self::Raw { data: data.into() }
    }

    /// An answer after which the sink closes the connection.
    pub(crate) fn last(status: u16) -> Self {
        Self::Respond(Respond {
            status,
            close: true,
            ..Respond::default()
        })
    }

    /// Whether it tells the source that the event was taken.
    pub(crate) fn delivers(&self) -> bool {
        match self {
            Self::Respond(answer) => (200..300).contains(&answer.status),
            Self::Raw { data } | Self::Drip { data, .. } | Self::Endless { head: data, .. } => {
                data.contains("HTTP/1.1 2")
            }
            Self::Close | Self::Rst | Self::Silence => false,
        }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::status(status)
    }
}

impl Respond {
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_secs_f64(self.delay)
    }

    /// Whether the connection can carry another request after this answer.
    pub(crate) fn keeps_alive(&self) -> bool {
        !self.close && !self.no_length
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let body = self.body.repeat(self.body_repeat.unwrap_or(1));
        let mut head = format!(
            "{} {} Test\r\n",
            self.version.as_deref().unwrap_or("HTTP/1.1"),
            self.status
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.keeps_alive() {
            head += "Connection: close\r\n";
        }
        let body = match (self.chunked, body.len()) {
            (true, 0) => "0\r\n\r\n".to_owned(),
            (true, length) => format!("{length:x}\r\n{body}\r\n0\r\n\r\n"),
            (false, _) => body,
        };
        // 204 and 304 must not carry a length of a body they do not have.
        if self.chunked {
            head += "Transfer-Encoding: chunked\r\n";
        } else if !self.no_length && !matches!(self.status, 204 | 304) {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        (head + "\r\n" + &body).into_bytes()
    }
}
