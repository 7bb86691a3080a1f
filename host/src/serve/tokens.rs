//! The tokens of sinks with an audience, in a folder: one file for each namespace and audience.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::identity::{Token, TokenError};
use crate::manifest::{Audience, Settings};

/// The folder of `--oidc-tokens`, if there is one. A namespace's tokens are in the folder of its name in it, so that no tenant
/// can have another's by naming its audience.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Option<Arc<Path>>);

/// Why there is no token for a sink.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoToken {
    #[error(
        "there is no token for the audience {0:?}: serve was started without --oidc-tokens; name a folder of tokens with it"
    )]
    NoFolder(String),
    #[error("there is no token for the audience {audience:?}: {reason}")]
    Unusable {
        audience: String,
        reason: TokenError,
    },
}

impl Tokens {
    /// The tokens in this folder; `None`: there are none.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self(folder.map(Into::into))
    }

    /// The token as it is now.
    pub(super) fn open(&self, namespace: &str, audience: &Audience) -> Result<Token, NoToken> {
        let audience_name = || audience.to_string();
        let folder = self
            .folder(namespace)
            .ok_or_else(|| NoToken::NoFolder(audience_name()))?;
        Token::open(&folder.join(audience.file_name())).map_err(|reason| NoToken::Unusable {
            audience: audience_name(),
            reason,
        })
    }

    /// Where the tokens of a namespace are.
    pub(super) fn folder(&self, namespace: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|folder| folder.join(namespace))
    }
}

/// The audiences for which a source with these settings needs tokens.
pub(super) fn audiences(settings: &Settings) -> impl Iterator<Item = &Audience> {
    let dead = settings.delivery.dead_letter_sink.as_deref();
    std::iter::once(&settings.sink)
        .chain(dead)
        .filter_map(|sink| sink.audience.as_ref())
}
