//! The operations behind the calls, but for functions: decode, run, encode.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Service;
use crate::backend::{ApplyRequest, Backend, PlanRequest, StateResponse, TypeSchema};
use crate::diag::{Diag, Diags, Path, has_error};
use crate::json;
use crate::protocol::diags;
use crate::protocol::tfplugin6::{self as pb, DynamicValue};
use crate::protocol::values::{self, decode, decode_config, encode};
use crate::value::Object;

impl<B: Backend> Service<B> {
    pub(super) async fn validate_provider(&self, r: pb::ProviderConfig) -> Result<Diags, Diag> {
        let config = self.provider_config(r.config.as_ref())?;
        let backend = Arc::clone(&self.backend);
        let validate = async move { backend.validate_provider(config).await };
        self.work.run("validating the provider block", validate).await
    }

    pub(super) async fn configure(&self, r: pb::ConfigureRequest) -> Result<Diags, Diag> {
        let config = self.provider_config(r.config.as_ref())?;
        let backend = Arc::clone(&self.backend);
        let configure = async move { backend.configure(config).await };
        self.work.run("configuring the provider", configure).await
    }

    fn provider_config(&self, config: Option<&DynamicValue>) -> Result<Object, Diag> {
        let attributes = &self.backend.schemas().provider.attributes;
        Ok(decode_config(attributes, config)?.unwrap_or_default())
    }

    pub(super) async fn validate(&self, r: pb::ResourceConfig) -> Result<Diags, Diag> {
        let schema = self.resource(&r.type_name)?;
        let config = decode_config(&schema.attributes, r.config.as_ref())?.unwrap_or_default();
        let mut refused = Vec::new();
        if !r.client_capabilities.is_some_and(|c| c.write_only_attributes_allowed) {
            refused = values::refuse_write_only(&schema.attributes, &config);
        }
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("validating {name}");
        let validate = async move { backend.validate(&name, config).await };
        refused.extend(self.work.run(&what, validate).await?);
        Ok(refused)
    }

    pub(super) async fn validate_data(&self, r: pb::TypeConfig) -> Result<Diags, Diag> {
        let schema = self.data_source(&r.type_name)?;
        let config = decode_config(&schema.attributes, r.config.as_ref())?.unwrap_or_default();
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("validating {name}");
        self.work.run(&what, async move { backend.validate_data(&name, config).await }).await
    }

    /// Called at every plan, also for states of this very version.
    pub(super) async fn upgrade(&self, r: pb::UpgradeRequest) -> Result<DynamicValue, Diag> {
        let schema = self.resource(&r.type_name)?;
        let stored = diags::stored_json(&r.raw_state.unwrap_or_default().json)?;
        let state = match r.version.cmp(&schema.version) {
            Ordering::Equal => json::object(&schema.attributes, &stored, &Path::root())?,
            Ordering::Greater => return Err(newer(&schema, r.version)),
            Ordering::Less => {
                let (backend, name, version) = (Arc::clone(&self.backend), r.type_name, r.version);
                let what = format!("upgrading the state of {name} from version {version}");
                let upgrade = async move { backend.upgrade(&name, version, stored) };
                self.work.run(&what, upgrade).await??
            }
        };
        encode(&schema.attributes, Some(state))
    }

    pub(super) async fn read(&self, r: pb::ReadRequest) -> Result<pb::ReadResponse, Diag> {
        let schema = self.resource(&r.type_name)?;
        let Some(state) = decode(&schema.attributes, r.current_state.as_ref())? else {
            return Ok(pb::ReadResponse { new_state: r.current_state, ..Default::default() });
        };
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("reading {name}");
        let read = async move { backend.read(&name, state, r.private).await };
        let found = self.work.run(&what, read).await?;
        Ok(pb::ReadResponse {
            new_state: Some(encode(&schema.attributes, found.state)?),
            private: found.private,
            diagnostics: diags::to_host(found.diags),
        })
    }

    pub(super) async fn plan(&self, r: pb::PlanRequest) -> Result<pb::PlanResponse, Diag> {
        let schema = self.resource(&r.type_name)?;
        let request = PlanRequest {
            config: decode_config(&schema.attributes, r.config.as_ref())?,
            prior: decode(&schema.attributes, r.prior_state.as_ref())?,
            proposed: decode(&schema.attributes, r.proposed_new_state.as_ref())?,
            private: r.prior_private,
        };
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("planning {name}");
        let plan = async move { backend.plan(&name, request).await };
        let plan = self.work.run(&what, plan).await?;
        Ok(pb::PlanResponse {
            planned_state: Some(encode(&schema.attributes, plan.planned)?),
            requires_replace: plan.requires_replace.into_iter().map(diags::path).collect(),
            planned_private: plan.private,
            diagnostics: diags::to_host(plan.diags),
            legacy_type_system: self.backend.about().legacy,
        })
    }

    /// Whatever happens, the answer has the state that is best known, so that nothing that was
    /// made is lost: the one from before, or the plan of what was being created.
    pub(super) async fn apply(&self, r: pb::ApplyRequest) -> pb::ApplyResponse {
        let legacy_type_system = self.backend.about().legacy;
        pb::ApplyResponse { legacy_type_system, ..self.applied(r).await }
    }

    async fn applied(&self, r: pb::ApplyRequest) -> pb::ApplyResponse {
        let private = r.planned_private.clone();
        let unchanged = r.prior_state.clone();
        let (schema, request) = match self.apply_request(&r) {
            Ok(decoded) => decoded,
            Err(diag) => return applied(unchanged, private, [diag]),
        };
        let best_known =
            request.prior.clone().or_else(|| request.planned.clone().map(values::known_part));
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("{} {name}", verb(&request));
        let apply = async move { backend.apply(&name, request).await };
        let (state, private, mut found) = match self.work.run(&what, apply).await {
            Ok(done) => (encode(&schema.attributes, done.state), done.private, done.diags),
            Err(crash) => (Err(crash), private, Vec::new()),
        };
        match state {
            Ok(state) => applied(Some(state), private, found),
            Err(diag) => {
                found.push(diag);
                let kept = encode(&schema.attributes, best_known).ok().or(unchanged);
                applied(kept, private, found)
            }
        }
    }

    fn apply_request(&self, r: &pb::ApplyRequest) -> Result<(Arc<TypeSchema>, ApplyRequest), Diag> {
        let schema = self.resource(&r.type_name)?;
        let request = ApplyRequest {
            config: decode_config(&schema.attributes, r.config.as_ref())?,
            prior: decode(&schema.attributes, r.prior_state.as_ref())?,
            planned: decode(&schema.attributes, r.planned_state.as_ref())?,
            private: r.planned_private.clone(),
        };
        Ok((schema, request))
    }

    pub(super) async fn import(&self, r: pb::ImportRequest) -> Result<pb::ImportResponse, Diag> {
        let schema = self.resource(&r.type_name)?;
        let (backend, name, id) = (Arc::clone(&self.backend), r.type_name.clone(), r.id.clone());
        let what = format!("importing {name}");
        let import = async move { backend.import(&name, &id).await };
        let StateResponse { state, private, mut diags } = self.work.run(&what, import).await?;
        if state.is_none() && !has_error(&diags) {
            let detail = format!("There is no {} with the import ID \"{}\".", r.type_name, r.id);
            diags.push(Diag::error("Nothing to import", detail));
        }
        let imported = match state {
            Some(_) => Some(pb::import_response::Imported {
                type_name: r.type_name,
                state: Some(encode(&schema.attributes, state)?),
                private,
            }),
            None => None,
        };
        Ok(pb::ImportResponse {
            imported_resources: imported.into_iter().collect(),
            diagnostics: diags::to_host(diags),
        })
    }

    pub(super) async fn move_state(&self, r: pb::MoveRequest) -> Result<pb::MoveResponse, Diag> {
        let schema = self.resource(&r.target_type_name)?;
        if !is_ours(&r.source_provider_address, self.backend.about().address) {
            let detail = format!(
                "A {} of the provider {} cannot become a {}.",
                r.source_type_name, r.source_provider_address, r.target_type_name
            );
            return Err(Diag::error("Cannot move from another provider", detail));
        }
        let version = r.source_schema_version;
        if version > schema.version {
            return Err(newer(&schema, version));
        }
        let stored = diags::stored_json(&r.source_state.unwrap_or_default().json)?;
        let (backend, source, target) =
            (Arc::clone(&self.backend), r.source_type_name, r.target_type_name);
        let what = format!("moving {source} to {target}");
        let take_over =
            async move { backend.move_state(&source, &target, version, stored, r.source_private) };
        let moved = self.work.run(&what, take_over).await?;
        let target_state = match moved.state {
            Some(_) => Some(encode(&schema.attributes, moved.state)?),
            None => None,
        };
        Ok(pb::MoveResponse {
            target_state,
            target_private: moved.private,
            diagnostics: diags::to_host(moved.diags),
        })
    }

    pub(super) async fn read_data(&self, r: pb::TypeConfig) -> Result<pb::DataResponse, Diag> {
        let schema = self.data_source(&r.type_name)?;
        let config = decode_config(&schema.attributes, r.config.as_ref())?.unwrap_or_default();
        let (backend, name) = (Arc::clone(&self.backend), r.type_name);
        let what = format!("reading {name}");
        let read = async move { backend.read_data(&name, config).await };
        let found = self.work.run(&what, read).await?;
        Ok(pb::DataResponse {
            state: Some(encode(&schema.attributes, found.state)?),
            diagnostics: diags::to_host(found.diags),
        })
    }
}

fn newer(schema: &TypeSchema, version: i64) -> Diag {
    let detail = format!(
        "The state of this {} was written by a newer version of the provider (state version \
         {version}; this one knows {}). Use that version of the provider, or a newer one.",
        schema.name, schema.version
    );
    Diag::error("State of a newer provider", detail)
}

fn verb(request: &ApplyRequest) -> &'static str {
    match (&request.prior, &request.planned) {
        (None, _) => "creating",
        (Some(_), Some(_)) => "updating",
        (Some(_), None) => "destroying",
    }
}

fn applied(
    new_state: Option<DynamicValue>,
    private: Vec<u8>,
    found: impl IntoIterator<Item = Diag>,
) -> pb::ApplyResponse {
    let diagnostics = diags::to_host(found);
    pb::ApplyResponse { new_state, private, diagnostics, ..Default::default() }
}

/// Whether an address is this provider's, on whichever registry: other providers have types of the
/// same prefix.
fn is_ours(address: &str, ours: &str) -> bool {
    address.split_once('/').is_some_and(|(_, address)| address == ours)
}
