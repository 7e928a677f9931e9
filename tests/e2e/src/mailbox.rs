use std::fs;

use crate::{Server, eventually};

impl Server {
    /// The mails to somebody, whole files. Quoted-printable line breaks are undone, so that text can be searched.
    pub fn mails_to(&self, address: &str) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.data_dir().join("mail")) else { return Vec::new() };
        let paths = files.map(|file| file.unwrap().path());
        let mails = paths.filter(|path| path.extension().is_some_and(|it| it == "eml"));
        let mails = mails.filter_map(|path| fs::read_to_string(path).ok());
        let mails = mails.map(|mail| mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "="));
        mails.filter(|mail| mail.contains(address)).collect()
    }

    /// Has whoever reads an address show it.
    pub async fn verify_email(&self, address: &str) {
        let api = self.api();
        let known = self.mailed_tokens(address, "account/verify-email");
        api.post("/auth/verify-email/resend", serde_json::json!({"email": address})).await.expect(202);
        let token = self.mailed_token(address, "account/verify-email", &known).await;
        api.post("/auth/verify-email", serde_json::json!({"token": token})).await.expect(204);
    }

    /// The tokens in links of mails to somebody that lead there (`account/reset-password`).
    pub fn mailed_tokens(&self, address: &str, place: &str) -> Vec<String> {
        let link = format!("/{place}?token=");
        let mails = self.mails_to(address);
        // The HTML has its slashes escaped: only the text's link is found.
        let links = mails.iter().filter_map(|mail| mail.split_once(&link));
        let is_of_token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        links.map(|(_, rest)| rest.chars().take_while(is_of_token).collect()).collect()
    }

    /// The token in a mail to somebody, other than those that are known. Waits for it.
    pub async fn mailed_token(&self, address: &str, place: &str, known: &[String]) -> String {
        let found = || async { self.mailed_tokens(address, place).into_iter().find(|token| !known.contains(token)) };
        eventually(&format!("a link to {place} for {address}"), found).await
    }
}
