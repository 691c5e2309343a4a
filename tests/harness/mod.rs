pub(crate) mod real;
