//! Slots: what a manifest says, or does not say, for one field. Decoding into slots cannot fail, so that one wrong value hides
//! no other; what is wrong is said by `plan::compile`, at the slot's path.

use std::fmt;
use std::marker::PhantomData;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StringDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::shape::Shape;

/// A scalar's own text. It may still hold `${…}`.
pub type Text = String;

/// What stands in the manifest for one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Slot<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there without a value (or with an unquoted `~` or `null`).
    Null,
    /// The value is of another sort than the field's: a map where text is meant, text where a map is meant, …; or reading made
    /// a finding of it (see [`super::Manifest::is_reported`]).
    Bad,
    /// The value.
    Is(T),
}

impl<T> Slot<T> {
    /// The value, if there is one of the right sort.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Null | Self::Bad => None,
        }
    }

    /// Whether the key is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same with the value borrowed.
    pub fn as_ref(&self) -> Slot<&T> {
        match self {
            Self::Absent => Slot::Absent,
            Self::Null => Slot::Null,
            Self::Bad => Slot::Bad,
            Self::Is(value) => Slot::Is(value),
        }
    }
}

/// A text, or a list of them: `needs: a`, `needs: [a, b]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OneOrMany {
    /// Whether it is written as a list: then item `i` is at `path[i]`, otherwise the one item is at `path`.
    pub listed: bool,
    /// The texts. None is [`Slot::Absent`].
    pub items: Vec<Slot<Text>>,
}

/// A word, or a map that says more: `tls: explicit`, `tls: {mode: explicit, …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordOr<T> {
    /// The word.
    Word(Text),
    /// The map.
    Map(T),
}

/// The keys that a map of the manifest may have, for "did you mean" and the schema.
pub trait Keys: Default {
    /// The keys, those of shared groups included, in the order of the documentation.
    fn keys() -> Vec<&'static str>;

    /// Takes the value of `key` if the key is one of [`Keys::keys`]; says whether it was.
    ///
    /// # Errors
    /// Those of the deserializer, which for values that were built from a tree has none.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// Defines a map of the manifest: a struct of slots, its keys (the fields' names), its decoding and its JSON Schema, whose
/// descriptions are the comments. `..name: Group` puts the keys of another such struct beside its own, without serde's
/// `flatten`, which loses keys and places. Behind a `=` stands the shape of a text, behind the struct what must be there.
macro_rules! slots {
    (
        $(#[doc = $docs:literal])*
        pub struct $name:ident {
            $($(#[doc = $field_docs:literal])* pub $field:ident: $sort:ty $(= $shape:expr)?,)*
            $(.. $(#[doc = $group_docs:literal])* pub $group:ident: $group_sort:ty,)*
        }
        $(rules $rules:tt)?
    ) => {
        $(#[doc = $docs])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $($(#[doc = $field_docs])* pub $field: $crate::manifest::Slot<$sort>,)*
            $($(#[doc = $group_docs])* pub $group: $group_sort,)*
            /// Keys that nothing knows, in the order of the file.
            pub unknown: Vec<String>,
        }

        impl $crate::manifest::Keys for $name {
            fn keys() -> Vec<&'static str> {
                let own = [$($crate::manifest::slot::key_of(stringify!($field))),*];
                own.into_iter()$(.chain(<$group_sort as $crate::manifest::Keys>::keys()))*.collect()
            }

            fn take<'de, A: serde::de::MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
                $(if key == $crate::manifest::slot::key_of(stringify!($field)) {
                    self.$field = map.next_value()?;
                    return Ok(true);
                })*
                $(if self.$group.take(key, map)? {
                    return Ok(true);
                })*
                Ok(false)
            }
        }

        impl $name {
            /// The fields as the JSON Schema shows them, those of shared groups included.
            pub(in crate::manifest) fn fields(generator: &mut schemars::SchemaGenerator) -> Vec<$crate::manifest::shape::Field> {
                use $crate::manifest::shape::{Field, Shape, docs};
                let mut fields = Vec::new();
                $({
                    let shapes: &[Shape] = &[$($shape)?];
                    let shape = shapes.first().copied().unwrap_or(Shape::Free);
                    fields.push(Field {
                        key: $crate::manifest::slot::key_of(stringify!($field)),
                        docs: docs(&[$($field_docs),*]),
                        shape,
                        schema: <$sort as $crate::manifest::slot::Described>::schema(shape, generator),
                    });
                })*
                $(fields.extend(<$group_sort>::fields(generator));)*
                fields
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let rules: &[serde_json::Value] = &[$(serde_json::json!($rules))?];
                let docs = $crate::manifest::shape::docs(&[$($docs),*]);
                $crate::manifest::shape::map(docs, Self::fields(generator), rules.first().cloned())
            }
        }

        impl $crate::manifest::slot::Described for $name {
            fn schema(_: $crate::manifest::shape::Shape, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::manifest::slot::map_of_slots(deserializer, |value: &mut Self, key| value.unknown.push(key))
            }
        }
    };
}
pub(super) use slots;

/// What may stand in a slot, as JSON Schema; the shape is that of the texts in it.
pub(super) trait Described {
    /// The schema.
    fn schema(shape: Shape, generator: &mut SchemaGenerator) -> Schema;
}

impl Described for Text {
    fn schema(shape: Shape, _: &mut SchemaGenerator) -> Schema {
        shape.schema()
    }
}

impl Described for OneOrMany {
    fn schema(shape: Shape, generator: &mut SchemaGenerator) -> Schema {
        let one = Text::schema(shape, generator);
        let many = Vec::<Slot<Text>>::schema(shape, generator);
        json_schema!({ "anyOf": [one, many] })
    }
}

impl Described for Vec<Slot<Text>> {
    fn schema(shape: Shape, generator: &mut SchemaGenerator) -> Schema {
        let item = Text::schema(shape, generator);
        json_schema!({ "type": "array", "items": item })
    }
}

impl<T: Described> Described for WordOr<T> {
    fn schema(shape: Shape, generator: &mut SchemaGenerator) -> Schema {
        let word = Text::schema(shape, generator);
        let map = T::schema(shape, generator);
        json_schema!({ "anyOf": [word, map] })
    }
}

impl<T: Described> Described for Box<T> {
    fn schema(shape: Shape, generator: &mut SchemaGenerator) -> Schema {
        T::schema(shape, generator)
    }
}

/// The key of a field: its name, which for `type` must be written `r#type` in Rust.
pub(super) fn key_of(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Decodes a map key by key; `unknown` takes the keys that nobody knows.
pub(super) fn map_of_slots<'de, D: Deserializer<'de>, T: Keys>(
    deserializer: D,
    unknown: impl FnMut(&mut T, String),
) -> Result<T, D::Error> {
    struct Slots<T, F>(F, PhantomData<T>);

    impl<'de, T: Keys, F: FnMut(&mut T, String)> Visitor<'de> for Slots<T, F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<T, A::Error> {
            let mut value = T::default();
            while let Some(key) = map.next_key::<String>()? {
                if !value.take(&key, &mut map)? {
                    map.next_value::<IgnoredAny>()?;
                    (self.0)(&mut value, key);
                }
            }
            Ok(value)
        }
    }

    deserializer.deserialize_map(Slots(unknown, PhantomData))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SlotVisitor(PhantomData))
    }
}

struct SlotVisitor<T>(PhantomData<T>);

/// A value of the wrong sort must be read to its end all the same: what stands behind it is still to come.
impl<'de, T: Deserialize<'de>> Visitor<'de> for SlotVisitor<T> {
    type Value = Slot<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Slot::Null)
    }

    /// Scalars are all text; the one boolean stands for what reading made a finding of.
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Slot::Bad)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(T::deserialize(StringDeserializer::<E>::new(text)).map_or(Slot::Bad, Slot::Is))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let value =
            T::deserialize(SeqAccessDeserializer::new(&mut seq)).map_or(Slot::Bad, Slot::Is);
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let value =
            T::deserialize(MapAccessDeserializer::new(&mut map)).map_or(Slot::Bad, Slot::Is);
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(value)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                self.visit_string(text.to_owned())
            }

            fn visit_string<E: Error>(self, text: String) -> Result<OneOrMany, E> {
                Ok(OneOrMany {
                    listed: false,
                    items: vec![Slot::Is(text)],
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(OneOrMany {
                    listed: true,
                    items,
                })
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = WordOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a map")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<WordOr<T>, E> {
                self.visit_string(text.to_owned())
            }

            fn visit_string<E: Error>(self, text: String) -> Result<WordOr<T>, E> {
                Ok(WordOr::Word(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WordOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(WordOr::Map)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
