use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use tenon_application::events::Delivery;
use tenon_application::notifications::MessageRenderer;
use tenon_application::ports::Message;

use super::MailSetupError;
use super::advice::advice;

const LAYOUT: &str = "layout.html";
const TEMPLATES: &[(&str, &str)] = &[
    (LAYOUT, include_str!("templates/layout.html")),
    ("account.html", include_str!("templates/account.html")),
    ("account.txt", include_str!("templates/account.txt")),
    ("account.confirm_email.html", include_str!("templates/account.confirm_email.html")),
    ("account.confirm_email.txt", include_str!("templates/account.confirm_email.txt")),
    ("account.reset_password.html", include_str!("templates/account.reset_password.html")),
    ("account.reset_password.txt", include_str!("templates/account.reset_password.txt")),
    ("account.unlock_sign_in.html", include_str!("templates/account.unlock_sign_in.html")),
    ("account.unlock_sign_in.txt", include_str!("templates/account.unlock_sign_in.txt")),
    ("account.verify_email.html", include_str!("templates/account.verify_email.html")),
    ("account.verify_email.txt", include_str!("templates/account.verify_email.txt")),
    ("notification.html", include_str!("templates/notification.html")),
    ("notification.txt", include_str!("templates/notification.txt")),
    ("organization.invited.html", include_str!("templates/organization.invited.html")),
    ("organization.invited.txt", include_str!("templates/organization.invited.txt")),
];
/// For every kind that has no template of its own.
const GENERAL: &str = "notification";
/// For what is told about an account, and leads nowhere.
const ACCOUNT: &str = "account";

/// Renders emails from the templates next to this file.
#[derive(Clone, Debug)]
pub struct TemplateRenderer {
    templates: Environment<'static>,
}

impl TemplateRenderer {
    pub fn new() -> Result<Self, MailSetupError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(
            |name| {
                if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
            },
        );
        for (name, source) in TEMPLATES {
            templates
                .add_template(name, source)
                .map_err(|error| MailSetupError::Template(format!("{name}: {error:#}")))?;
        }
        Ok(Self { templates })
    }

    fn template(&self, kind: &str, format: &str) -> String {
        let own = format!("{kind}.{format}");
        if TEMPLATES.iter().any(|(name, _)| *name == own) {
            return own;
        }
        let context = kind.split_once('.').map_or(kind, |(context, _)| context);
        let shared = if context == ACCOUNT { ACCOUNT } else { GENERAL };
        format!("{shared}.{format}")
    }
}

impl MessageRenderer for TemplateRenderer {
    fn render(
        &self,
        delivery: &Delivery,
        message_id: &str,
        to_address: &str,
        to_name: Option<&str>,
        link: &str,
    ) -> Result<Message, String> {
        let subject = one_line(&delivery.title);
        let values = context! {
            title => subject.as_str(),
            body => delivery.body.as_str(),
            organization => delivery.organization_name.as_str(),
            name => to_name,
            resource => delivery.resource_kind.as_str(),
            link => link,
            advice => advice(&delivery.kind),
        };
        let render = |format: &str| {
            let template = self.template(&delivery.kind, format);
            let rendered = self.templates.get_template(&template).and_then(|template| template.render(&values));
            rendered.map_err(|error| format!("{template}: {error:#}"))
        };
        Ok(Message {
            id: message_id.to_owned(),
            to_address: to_address.to_owned(),
            to_name: to_name.map(str::to_owned),
            text: render("txt")?,
            html: render("html")?,
            subject,
        })
    }
}

/// A subject is one line: line breaks and other control characters become spaces.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
