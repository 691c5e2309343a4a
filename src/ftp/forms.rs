//! Which command lists folders, and which one where that is refused.

use crate::endpoint::ListingMode;

use super::command::Line;
use super::error::Error;
use super::session::Session;

/// The command of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Mlsd,
    List,
    ListAll,
    Nlst,
}

impl Form {
    pub(super) fn command(self) -> Line {
        Line::fixed(match self {
            Form::Mlsd => "MLSD",
            Form::List => "LIST",
            Form::ListAll => "LIST -a",
            Form::Nlst => "NLST",
        })
    }
}

impl Session {
    /// Whether the form of listings is left to us.
    pub(super) fn is_our_wish(&self) -> bool {
        self.endpoint.listing == ListingMode::Auto
    }

    /// Whether listings leave out names with a leading dot: LIST and NLST do on many servers (vsftpd), MLSD
    /// and `LIST -a` do not.
    pub fn listing_may_hide(&self) -> bool {
        match self.form() {
            Form::List | Form::Nlst => true,
            // It may yet be refused.
            Form::ListAll => self.is_our_wish(),
            Form::Mlsd => false,
        }
    }

    pub(super) fn form(&self) -> Form {
        match self.endpoint.listing {
            ListingMode::Auto if self.facts.may_know_mlsd() => Form::Mlsd,
            ListingMode::Auto if self.facts.list_unusable => Form::Nlst,
            ListingMode::Auto if self.endpoint.hidden && !self.facts.list_all_unusable => {
                Form::ListAll
            }
            ListingMode::Auto | ListingMode::List => Form::List,
            ListingMode::Mlsd => Form::Mlsd,
            ListingMode::ListAll => Form::ListAll,
            ListingMode::Nlst => Form::Nlst,
        }
    }

    /// What is asked where the server does not know this command; remembered, so that it is not sent again.
    pub(super) fn next_form(&mut self, refused: Form) -> Option<Form> {
        match refused {
            Form::Mlsd => self.facts.mlsd_unusable = true,
            Form::List => self.facts.list_unusable = true,
            Form::ListAll if self.is_our_wish() => self.facts.list_all_unusable = true,
            Form::ListAll | Form::Nlst => return None,
        }
        Some(self.form())
    }

    pub(super) fn falls_back(&self, error: &Error) -> bool {
        let code = error.reply.as_ref().map(|reply| reply.code);
        self.is_our_wish() && self.healthy() && matches!(code, Some(500 | 501 | 502 | 504))
    }
}
