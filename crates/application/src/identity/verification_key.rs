/// A public key that others verify access tokens with, as a JSON Web Key (RFC 7517) says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationKey {
    /// Its thumbprint (RFC 7638), which the header of each token that it verifies names.
    pub id: String,
    /// The one algorithm that it is for, such as `EdDSA`.
    pub algorithm: &'static str,
    pub key_type: &'static str,
    pub curve: &'static str,
    pub x: String,
    /// Of curves whose points have two coordinates.
    pub y: Option<String>,
}
