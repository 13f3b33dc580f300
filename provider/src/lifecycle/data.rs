//! Data sources: settings in, what was seen out.

use std::marker::PhantomData;

use futures::future::BoxFuture;

use super::connect::{connect, connect_to_some};
use super::private::Private;
use super::session::{Configured, Session};
use super::{ObserveError, ask, values};
use crate::backend::{StateResponse, TypeSchema};
use crate::diag::{Diags, Path};
use crate::host::HostError;
use crate::resource::{Answer, Answers, DataSource, Ssh};
use crate::schema::{Attribute, computed};
use crate::settings::Settings;
use crate::value::{Object, Value, shown_object};

/// A data source without its types.
pub trait ErasedData: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> TypeSchema;
    /// Check a configuration.
    fn validate(&self, config: &Object) -> Diags;
    /// Read it.
    fn read<'a>(&'a self, session: &'a Session, config: Object) -> BoxFuture<'a, StateResponse>;
}

/// A data source of type `D` under the lifecycle.
pub struct Data<D>(PhantomData<D>);

impl<D: DataSource> Data<D> {
    /// For the list of data sources.
    pub fn boxed() -> Box<dyn ErasedData> {
        Box::new(Self(PhantomData))
    }

    fn attributes() -> Vec<Attribute> {
        let mut attributes = D::Settings::attributes();
        attributes.extend(computed(D::Outputs::attributes()));
        attributes
    }

    async fn ask(session: &Session, config: &Object) -> Result<Object, Diags> {
        let as_diags = |error: ObserveError| error.diags(D::NAME);
        let configured =
            session.configured().ok_or_else(|| as_diags(ObserveError::Unconfigured))?;
        let filled = values::with_defaults(&D::Settings::attributes(), config);
        let settings = D::Settings::from_object(&filled, &Path::root())?;
        let targets = D::targets(&settings);
        let diags = configured.check_credentials(&targets);
        if !diags.is_empty() {
            return Err(diags);
        }
        let answers = if D::TOLERATES_MISSING {
            Self::those_that_answer(&configured, &settings, &targets).await
        } else {
            let hosts = connect(&configured, &targets, &mut Private::default()).await;
            let hosts = hosts.map_err(as_diags)?;
            let answers = ask::ask_all(&hosts, &D::questions(&settings)).await;
            answers.map_err(|(name, e)| ObserveError::Host(name, e, Path::root()))
        };
        let answers = answers.map_err(as_diags)?;
        let outputs = D::outputs(&settings, &answers)?;
        let mut object = filled;
        object.extend(shown_object(outputs.to_object()));
        Ok(object)
    }

    /// The answers of the hosts that answer, and of the others, to each question, why not.
    async fn those_that_answer(
        configured: &Configured,
        settings: &D::Settings,
        targets: &[(String, Ssh)],
    ) -> Result<Answers, ObserveError> {
        let questions = D::questions(settings);
        let (mut hosts, mut missing) = connect_to_some(configured, targets).await?;
        let mut answers = loop {
            match ask::ask_all(&hosts, &questions).await {
                Ok(answers) => break answers,
                Err((name, error @ HostError::Unreachable { .. }))
                    if hosts.remove(&name).is_some() =>
                {
                    missing.insert(name, error.to_string());
                }
                Err((name, error)) => return Err(ObserveError::Host(name, error, Path::root())),
            }
        };
        for question in questions {
            if let Some(why) = missing.get(&question.host) {
                answers.insert(&question.host, &question.key, Answer::Failed(why.clone()));
            }
        }
        Ok(answers)
    }
}

impl<D: DataSource> ErasedData for Data<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn schema(&self) -> TypeSchema {
        TypeSchema {
            name: D::NAME.to_owned(),
            version: 0,
            description: D::DESCRIPTION.to_owned(),
            attributes: Self::attributes(),
        }
    }

    fn validate(&self, config: &Object) -> Diags {
        let mut diags = crate::settings::check(&Self::attributes(), config, &Path::root());
        if diags.is_empty() && config.values().all(Value::is_known) {
            let filled = values::with_defaults(&D::Settings::attributes(), config);
            diags
                .extend(D::Settings::from_object(&filled, &Path::root()).err().unwrap_or_default());
        }
        diags
    }

    fn read<'a>(&'a self, session: &'a Session, config: Object) -> BoxFuture<'a, StateResponse> {
        Box::pin(async move {
            match Self::ask(session, &config).await {
                Ok(state) => StateResponse { state: Some(state), ..StateResponse::default() },
                Err(diags) => StateResponse { diags, ..StateResponse::default() },
            }
        })
    }
}
