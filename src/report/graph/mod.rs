//! A plan as a picture, in three languages.

mod dot;
mod layout;
mod mermaid;
mod picture;
mod svg;
#[cfg(test)]
mod tests;

pub use dot::write_dot;
pub use mermaid::write_mermaid;
pub use picture::{Edge, Lane, Line, Node, Picture};
pub use svg::write_svg;
