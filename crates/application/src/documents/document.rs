use std::sync::Arc;

use tenon_domain::{ProjectId, Version};
use uuid::Uuid;

use crate::error::AppError;

/// How a view becomes the body of an answer.
#[derive(Debug)]
pub struct Rendering<V> {
    /// A number of its own for every shape that the body ever had, so that a release does not answer with what
    /// another one rendered.
    pub shape: u32,
    pub render: fn(V) -> Result<String, AppError>,
}

impl<V> Rendering<V> {
    /// A document that is not kept anywhere.
    pub(crate) fn document(
        self,
        id: Uuid,
        version: Version,
        project: ProjectId,
        view: V,
    ) -> Result<Document, AppError> {
        let text = (self.render)(view)?.into();
        Ok(Document { id, version, project, text, body_at: 0 })
    }
}

impl<V> Clone for Rendering<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Rendering<V> {}

/// An entity as the API answers it. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    id: Uuid,
    version: Version,
    project: ProjectId,
    text: Arc<str>,
    body_at: usize,
}

impl Document {
    /// What is kept where there is nothing.
    pub(super) const ABSENT: &str = "-";

    /// The text that is kept: what the body is about, in a line of its own, and the body.
    pub(super) fn encode(shape: u32, version: Version, project: ProjectId, body: &str) -> String {
        format!("{shape} {version} {project}\n{body}")
    }

    /// `None` when the text has another shape.
    pub(super) fn decode(id: Uuid, shape: u32, text: Arc<str>) -> Option<Self> {
        let (head, _) = text.split_once('\n')?;
        let body_at = head.len() + 1;
        let mut fields = head.split(' ');
        if fields.next()?.parse() != Ok(shape) {
            return None;
        }
        let version = fields.next()?.parse().ok()?;
        let project = Uuid::parse_str(fields.next()?).ok()?.into();
        Some(Self { id, version, project, body_at, text })
    }

    pub fn id(&self) -> Uuid {
        self.id
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn project(&self) -> ProjectId {
        self.project
    }

    pub fn body(&self) -> &str {
        &self.text[self.body_at..]
    }
}

impl AsRef<[u8]> for Document {
    /// The body.
    fn as_ref(&self) -> &[u8] {
        self.body().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was_kept() {
        let project = ProjectId::new(Uuid::from_u128(7));
        let text: Arc<str> = Document::encode(3, 12, project, "{\"title\":\"a b\\nc\"}\n").into();
        let document = Document::decode(Uuid::nil(), 3, Arc::clone(&text)).unwrap();
        assert_eq!((document.version(), document.project()), (12, project));
        assert_eq!(document.body(), "{\"title\":\"a b\\nc\"}\n");
        assert_eq!(Document::decode(Uuid::nil(), 4, text), None, "another shape");
        for broken in ["", "-", "3", "3 12\n{}", "3 x 0\n{}"] {
            assert_eq!(Document::decode(Uuid::nil(), 3, broken.into()), None, "{broken:?}");
        }
    }
}
