//! Refresh and import: what is there, as a state.

use std::collections::BTreeSet;

use super::configuration::Unreachable;
use super::connect::connect;
use super::managed::with_observation;
use super::private::Private;
use super::session::Session;
use super::{Managed, ObserveError, ask, values};
use crate::backend::StateResponse;
use crate::diag::{Diag, Diags, Path};
use crate::host::Patience;
use crate::resource::Resource;
use crate::value::{Object, Value, shown_object};

impl<R: Resource> Managed<R> {
    pub(super) async fn refresh(
        session: &Session,
        state: Object,
        private: Vec<u8>,
    ) -> StateResponse {
        let mut response =
            StateResponse { state: Some(state.clone()), private: private.clone(), diags: vec![] };
        let Some(configured) = session.configured() else {
            let detail = "The provider block is not known yet, so the hosts were not asked.";
            let summary = format!("{}: kept as it was", R::NAME);
            response.diags.push(Diag::warning(summary, detail));
            return response;
        };
        let before = Private::decode(&private).with_state(Some(&state));
        match Self::look_at(session, &state, before).await {
            Ok((state, private)) => {
                response.state = Some(state);
                response.private = private.encode();
            }
            Err(error)
                if matches!(error, ObserveError::Unreachable(_))
                    || (error.is_unreachable()
                        && configured.configuration.unreachable != Unreachable::Error) =>
            {
                let why = error.why(R::NAME);
                let summary = format!("{}: kept as it was, a host does not answer", R::NAME);
                response.diags.push(Diag::warning(summary, why));
            }
            Err(error) => response.diags.extend(error.diags(R::NAME)),
        }
        response
    }

    async fn look_at(
        session: &Session,
        state: &Object,
        mut private: Private,
    ) -> Result<(Object, Private), ObserveError> {
        let configured = session.configured().ok_or(ObserveError::Unconfigured)?;
        let filled = values::with_defaults(&Self::attributes(), state);
        let settings = Self::settings(&filled).map_err(ObserveError::Diags)?;
        let (once, tolerance) = (Patience::Once, Self::tolerance(BTreeSet::new()));
        let mut reached =
            Self::hosts(&configured, &settings, &mut private, once, &tolerance).await?;
        if !reached.missing.is_empty() {
            return Err(ObserveError::Unreachable(reached.missing));
        }
        let seen = match Self::observe(session, &reached, &settings, state, private).await {
            Ok(seen) => seen,
            Err(error) => {
                reached.tolerate(error, &tolerance)?;
                return Err(ObserveError::Unreachable(reached.missing));
            }
        };
        let id = match state.get("id") {
            Some(Value::String(id)) => id.clone(),
            _ => R::id(&settings),
        };
        let (observed, private) = seen;
        Ok((with_observation(state.clone(), &id, observed, &private), private))
    }

    pub(super) async fn import_id(session: &Session, id: &str) -> StateResponse {
        match Self::adopt(session, id).await {
            Ok((state, private)) => {
                StateResponse { state: Some(state), private: private.encode(), diags: Vec::new() }
            }
            Err(diags) => StateResponse { diags, ..StateResponse::default() },
        }
    }

    async fn adopt(session: &Session, id: &str) -> Result<(Object, Private), Diags> {
        let configured =
            session.configured().ok_or_else(|| ObserveError::Unconfigured.diags(R::NAME))?;
        let request = R::import_request(id).map_err(|d| vec![d])?;
        let mut private = Private { adopt: true, ..Private::default() };
        let hosts = connect(&configured, &request.targets, &mut private).await;
        let hosts = hosts.map_err(|b| b.diags(R::NAME))?;
        let answers = ask::ask_all(&hosts, &request.questions).await;
        let answers = answers
            .map_err(|(name, e)| ObserveError::Host(name, e, Path::root()).diags(R::NAME))?;
        let found = R::import(id, &answers)?;
        let attributes = Self::attributes();
        // All of it is what the host said.
        let mut state = shown_object(values::without_write_only(&attributes, &found));
        if state["id"].is_null() {
            let filled = values::with_defaults(&attributes, &state);
            state.insert("id".into(), R::id(&Self::settings(&filled)?).into());
        }
        Ok((state, private))
    }
}
