//! `jobservice` and `notification`.

use serde_json::Value;

use super::super::{Refusal, yaml};
use crate::release::{Release, is_known};

#[derive(Debug)]
pub struct Jobs {
    pub workers: String,
    pub loggers: Vec<String>,
    pub sweeper_days: String,
    pub webhook_max_retry: String,
    pub webhook_timeout: String,
    pub max_duration_hours: String,
}

impl Jobs {
    pub fn read(config: &Value, release: Release) -> Result<Self, Refusal> {
        let jobs = yaml::section(config, "jobservice");
        let notification = yaml::section(config, "notification");
        let workers = yaml::text(yaml::required(jobs, "max_job_workers")?);
        let sweeper_days = if is_known(release, "jobservice.logger_sweeper_duration") {
            yaml::text(yaml::required(jobs, "logger_sweeper_duration")?)
        } else {
            "1".to_owned()
        };
        let known = is_known(release, "jobservice.max_job_duration_hours");
        let hours = yaml::get(jobs, "max_job_duration_hours").and_then(Value::as_i64);
        let hours = hours.filter(|_| known);
        let timeout = "notification.webhook_job_http_client_timeout";
        let webhook_timeout = if is_known(release, timeout) {
            yaml::text(yaml::required(notification, "webhook_job_http_client_timeout")?)
        } else {
            String::new()
        };
        Ok(Self {
            loggers: loggers(jobs, release)?,
            webhook_max_retry: yaml::text(yaml::required(notification, "webhook_job_max_retry")?),
            max_duration_hours: hours.filter(|hours| *hours >= 24).unwrap_or(24).to_string(),
            workers,
            sweeper_days,
            webhook_timeout,
        })
    }
}

/// Words that are not known are dropped without a sound.
fn loggers(jobs: &Value, release: Release) -> Result<Vec<String>, Refusal> {
    if !is_known(release, "jobservice.job_loggers") {
        return Ok(vec!["STD_OUTPUT".to_owned(), "FILE".to_owned()]);
    }
    let words = yaml::required(jobs, "job_loggers")?.as_array();
    Ok(words
        .into_iter()
        .flatten()
        .map(yaml::text)
        .filter(|word| ["STD_OUTPUT", "FILE", "DB"].contains(&word.as_str()))
        .collect())
}
