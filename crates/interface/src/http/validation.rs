//! Bodies are checked field by field with the parsers of the domain, so that bounds, codes and texts are the
//! domain's and all failures are reported at once.

use std::borrow::Cow;

use tenon_domain::Violation;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

use super::merge_patch::Patch;
use super::problem::FieldError;

/// One line of text that is more than spaces, as a pattern: what the domain's `line` accepts.
pub(crate) const LINE: &str = concat!(
    r"^[^\u0000-\u001F\u007F-\u009F]*",
    r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]",
    r"[^\u0000-\u001F\u007F-\u009F]*$"
);

/// Text of several lines, as a pattern: what the domain's `multiline` accepts.
pub(crate) const MULTILINE: &str = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$";

/// An email address, as a pattern: what the domain's `Email` accepts, but for the length of the part before the `@`.
pub(crate) const EMAIL: &str = concat!(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@",
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$"
);

/// The name of a domain, as a pattern: what the domain's `DomainName` accepts, but for its length, and the last part may
/// be no number.
pub(crate) const DOMAIN: &str =
    concat!(r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+", r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$");

/// Turns the domain's verdict on a field into the validator's.
pub(crate) fn obeys<T, E: Into<Violation>>(verdict: Result<T, E>) -> Result<(), ValidationError> {
    verdict.map(drop).map_err(|error| {
        let violation = error.into();
        ValidationError::new(violation.code()).with_message(Cow::Owned(violation.to_string()))
    })
}

/// A field that may hold something to check.
pub(crate) trait Given<T: ?Sized> {
    fn given(&self) -> Option<&T>;
}

impl Given<str> for String {
    fn given(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T> Given<[T]> for Vec<T> {
    fn given(&self) -> Option<&[T]> {
        Some(self)
    }
}

impl Given<i64> for i64 {
    fn given(&self) -> Option<&i64> {
        Some(self)
    }
}

impl<T: ?Sized, F: Given<T>> Given<T> for Patch<F> {
    fn given(&self) -> Option<&T> {
        match self {
            Self::Value(value) => value.given(),
            Self::Absent | Self::Null => None,
        }
    }
}

/// Fields of integers are passed by value, others by reference.
impl<T: ?Sized, F: Given<T>> Given<T> for &F {
    fn given(&self) -> Option<&T> {
        (**self).given()
    }
}

/// Defines the checks of a context's fields in a module `check`, for `#[validate(custom(function = "check::…"))]`: a
/// name, the type of what is checked, and the parser of the domain that decides.
macro_rules! checks {
    ($($name:ident: $given:ty => $verdict:expr;)+) => {
        mod check {
            use super::*;
            use $crate::http::validation::{Given, obeys};

            $(pub(super) fn $name(field: impl Given<$given>) -> Result<(), validator::ValidationError> {
                field.given().map_or(Ok(()), |given| obeys(($verdict)(given)))
            })+
        }
    };
}
pub(crate) use checks;

/// All that a body's validation found.
pub(crate) fn field_errors(errors: ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect("", errors, &mut found);
    found
}

fn collect(prefix: &str, errors: ValidationErrors, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.into_errors() {
        let field = format!("{prefix}{field}");
        match kind {
            ValidationErrorsKind::Field(errors) => found.extend(errors.into_iter().map(|error| {
                let message = error.message.unwrap_or(Cow::Borrowed("it is not as it must be"));
                FieldError::new(&field, error.code, message)
            })),
            ValidationErrorsKind::Struct(nested) => collect(&format!("{field}/"), *nested, found),
            ValidationErrorsKind::List(items) => {
                for (index, nested) in items {
                    collect(&format!("{field}/{index}/"), *nested, found);
                }
            }
        }
    }
}
