use std::fs;

use crate::Server;

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
}
