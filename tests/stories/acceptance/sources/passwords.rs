//! The admin's password: a new one goes through Harbor's API.

use serde_json::{Value as Json, json};
use testkit::story::Story;
use testkit::terraform::Terraform;

use super::served::{SECRET, Served};

const NEW: &str = "Aa1-another-secret";

/// Refused without the old one, nothing touched; set with it; empty plan after that.
pub fn rotated(story: &Story, terraform: &Terraform, variables: &Json, served: &Served) {
    let with = |more: &Json| {
        let mut all = variables.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        terraform.variables(&all);
    };
    let asked = |password: &str| {
        served.status("a", "harbor.example.test", "/api/v2.0/users/current", password)
    };
    story.section("a new password of admin without the old one is refused", || {
        with(&json!({"admin_password": NEW, "admin_password_version": 2}));
        let run = terraform.plan_run(&[]).fails();
        let _ = run.says(&["admin_old_password_wo"]);
        assert_eq!(asked(SECRET), "200");
    });
    story.section("with the old one it is set", || {
        with(&json!({
            "admin_password": NEW, "admin_password_version": 2, "admin_old_password": SECRET,
        }));
        let _ = terraform.apply().succeeds();
        assert_eq!((asked(NEW), asked(SECRET)), ("200".to_owned(), "401".to_owned()));
        terraform.plan().is_empty();
    });
    story.section("the old one may go then", || {
        with(&json!({"admin_password": NEW, "admin_password_version": 2}));
        terraform.plan().is_empty();
    });
}
