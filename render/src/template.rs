//! Handlebars for files that are mostly fixed text, with its holes closed.
//!
//! 1. strict mode: a missing variable is an error; 2. own `if` and `unless` that want an existing
//!    bool, because the built-in ones take a misspelt name for false; 3. a test that finds no
//!    unescaped expression in any template; 4. one escape per format that writes a complete
//!    literal; 5. contexts are structs of scalars and lists of scalars without `Option`.

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason, Renderable,
};
use serde::{Serialize, Serializer};

use crate::{Error, quote};

/// The syntax of a templated file. It decides what may be inserted and how it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A POSIX shell script: every value is a shell word.
    Shell,
    /// A systemd unit: every value is a word of a command line or of a list.
    Unit,
}

impl Format {
    fn quote(self, text: &str) -> Result<String, Error> {
        match self {
            Self::Shell => quote::shell(text),
            Self::Unit => quote::systemd_exec_word(text),
        }
    }
}

/// A text that is known to be writable in its format; the only text a context may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Checks that the text can be written in the format.
    pub fn new(format: Format, text: &str) -> Result<Self, Error> {
        format.quote(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Renders a template of this crate.
pub fn render<C: Serialize>(
    file: &'static str,
    format: Format,
    template: &str,
    context: &C,
) -> Result<String, Error> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    // A text that the format cannot hold cannot be in a context: `Text::new` refused it. Should one
    // come from elsewhere, nothing is written rather than something unquoted.
    registry.register_escape_fn(move |text| format.quote(text).unwrap_or_default());
    registry.register_helper("if", Box::new(Condition { positive: true }));
    registry.register_helper("unless", Box::new(Condition { positive: false }));
    registry
        .render_template(template, context)
        .map_err(|e| Error::Write { file, reason: e.to_string() })
}

struct Condition {
    positive: bool,
}

impl handlebars::HelperDef for Condition {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = helper
            .param(0)
            .filter(|p| !p.is_value_missing())
            .and_then(|p| p.value().as_bool())
            .ok_or_else(|| RenderErrorReason::Other("a condition wants an existing bool".into()))?;
        let body = if value == self.positive { helper.template() } else { helper.inverse() };
        body.map_or(Ok(()), |body| body.render(registry, context, render, out))
    }
}

#[cfg(test)]
mod tests {
    use handlebars::template::{Template, TemplateElement};
    use serde_json::json;

    use super::*;

    const TEMPLATES: &[(&str, &str)] = &[
        ("archive.sh", crate::postgres::archive_script::TEMPLATE),
        ("harbor.service", crate::harbor::boot_unit::TEMPLATE),
        ("role.sh", crate::postgres::role_check::TEMPLATE),
    ];

    fn unescaped(template: &Template) -> bool {
        template.elements.iter().any(|element| match element {
            TemplateElement::HtmlExpression(_) => true,
            TemplateElement::HelperBlock(block) => {
                block.template.as_ref().is_some_and(unescaped)
                    || block.inverse.as_ref().is_some_and(unescaped)
            }
            _ => false,
        })
    }

    #[test]
    fn no_template_inserts_a_value_unescaped() {
        for (name, text) in TEMPLATES {
            let template = Template::compile(text).expect(name);
            assert!(!unescaped(&template), "{name} has an unescaped expression");
        }
        let inside = "{{#if a}}{{{b}}}{{/if}}{{& c}}";
        assert!(unescaped(&Template::compile(inside).expect("compiles")));
    }

    #[test]
    fn a_misspelt_name_is_an_error_everywhere() {
        let context = json!({"yes": true, "text": "x"});
        for bad in [
            "{{typo}}",
            "{{#if typo}}a{{/if}}",
            "{{#unless typo}}a{{/unless}}",
            "{{#if text}}a{{/if}}",
        ] {
            assert!(render("t", Format::Shell, bad, &context).is_err(), "{bad}");
        }
        let good = render("t", Format::Shell, "{{#if yes}}{{text}}{{else}}no{{/if}}", &context);
        assert_eq!(good.expect("renders"), "'x'");
    }
}
