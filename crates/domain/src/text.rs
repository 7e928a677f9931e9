//! How untrusted text becomes a value: trimmed, counted in characters, free of control characters.

/// Why a piece of text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFault {
    Length,
    ControlCharacter,
}

/// A single line of `min..=max` characters after trimming.
pub(crate) fn line(raw: &str, min: usize, max: usize) -> Result<String, TextFault> {
    if raw.chars().any(char::is_control) {
        return Err(TextFault::ControlCharacter);
    }
    within(raw.trim(), min, max)
}

/// Text of several lines: line breaks and tabs are kept, other control characters are refused.
pub(crate) fn multiline(raw: &str, max: usize) -> Result<String, TextFault> {
    if raw.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(TextFault::ControlCharacter);
    }
    within(raw.trim_end(), 0, max)
}

fn within(text: &str, min: usize, max: usize) -> Result<String, TextFault> {
    let count = text.chars().count();
    if (min..=max).contains(&count) { Ok(text.to_owned()) } else { Err(TextFault::Length) }
}

/// Defines a value object around one trimmed line of text.
macro_rules! line_value {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal, $error:ty, $length:expr, $control:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub const MIN_CHARS: usize = $min;
            pub const MAX_CHARS: usize = $max;

            pub fn parse(raw: &str) -> Result<Self, $error> {
                match $crate::text::line(raw, $min, $max) {
                    Ok(text) => Ok(Self(text)),
                    Err($crate::text::TextFault::Length) => Err($length),
                    Err($crate::text::TextFault::ControlCharacter) => Err($control),
                }
            }

            /// From the store, which holds only what was parsed before.
            pub fn restore(stored: String) -> Self {
                Self(stored)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use line_value;

/// Defines a value object around text of several lines. An empty one is none.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $max:literal, $error:ty, $length:expr, $control:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub const MAX_CHARS: usize = $max;

            pub fn parse(raw: &str) -> Result<Option<Self>, $error> {
                match $crate::text::multiline(raw, $max) {
                    Ok(text) if text.is_empty() => Ok(None),
                    Ok(text) => Ok(Some(Self(text))),
                    Err($crate::text::TextFault::Length) => Err($length),
                    Err($crate::text::TextFault::ControlCharacter) => Err($control),
                }
            }

            /// From the store, which holds only what was parsed before.
            pub fn restore(stored: String) -> Self {
                Self(stored)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }
    };
}
pub(crate) use text_value;

/// Defines an enum whose variants have stable wire names, with `as_str`, `parse` and `ALL`.
macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(raw: &str) -> Option<Self> {
                match raw { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named_enum;
