//! Projects and who may do what in them.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts;
use super::answer::{Answer, ApiError};
use super::sql_tls::explain;
use super::user::User;
use super::{Core, Shared, configurations};
use crate::error::Result;

/// Whether `user` may pull, push or delete in a repository.
pub async fn may(core: &Core, user: Option<&User>, repository: &str, action: &str) -> Result<bool> {
    let Some((project, _)) = repository.split_once('/') else {
        return Ok(false);
    };
    let client = core.database.get().await?;
    let row = client
        .query_opt(
            "SELECT public, owner_id FROM project WHERE name = $1 AND NOT deleted",
            &[&project],
        )
        .await
        .map_err(|error| explain(&error))?;
    let Some(row) = row else {
        return Ok(false);
    };
    let (public, owner): (bool, i32) = (row.get(0), row.get(1));
    let owns = user.is_some_and(|user| user.is_admin || user.id == owner);
    Ok(owns || (public && action == "pull"))
}

/// `GET /projects`.
pub async fn list(State(core): State<Shared>, headers: HeaderMap) -> Answer {
    let user = accounts::user(&core, &headers).await?;
    let everything = user.is_some_and(|user| user.is_admin);
    let client = core.database.get().await?;
    let rows = client
        .query(
            "SELECT project_id, name, public FROM project
             WHERE NOT deleted AND (public OR $1) ORDER BY project_id",
            &[&everything],
        )
        .await
        .map_err(|error| explain(&error))?;
    let projects: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "project_id": row.get::<_, i32>(0), "name": row.get::<_, String>(1),
                "metadata": {"public": row.get::<_, bool>(2).to_string()},
            })
        })
        .collect();
    Ok(Json(projects).into_response())
}

/// The question of `HEAD /projects`.
#[derive(Deserialize)]
pub struct Named {
    project_name: String,
}

/// `HEAD /projects?project_name=…`.
pub async fn exists(State(core): State<Shared>, Query(named): Query<Named>) -> Answer {
    let client = core.database.get().await?;
    let row = client
        .query_opt("SELECT 1 FROM project WHERE name = $1", &[&named.project_name])
        .await
        .map_err(|error| explain(&error))?;
    match row {
        Some(_) => Ok(StatusCode::OK.into_response()),
        None => Err(ApiError::not_found("project not found")),
    }
}

/// `POST /projects`: the setting says who may.
pub async fn create(
    State(core): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let user = accounts::required(&core, &headers).await?;
    let restriction = configurations::value(&core, "project_creation_restriction").await?;
    if restriction == "adminonly" && !user.is_admin {
        return Err(ApiError::forbidden("Only system admin can create project"));
    }
    let name = body["project_name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::bad_request("project_name is required"));
    }
    let public = body["metadata"]["public"] == "true" || body["public"] == true;
    let client = core.database.get().await?;
    let row = client
        .query_opt(
            "INSERT INTO project (owner_id, name, public) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO NOTHING RETURNING project_id",
            &[&user.id, &name, &public],
        )
        .await
        .map_err(|error| explain(&error))?;
    let Some(row) = row else {
        return Err(ApiError::conflict(&format!("The project named {name} already exists")));
    };
    let location = format!("/api/v2.0/projects/{}", row.get::<_, i32>(0));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

/// `GET /projects/{name}/repositories`.
pub async fn repositories(
    State(core): State<Shared>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let user = accounts::user(&core, &headers).await?;
    if !may(&core, user.as_ref(), &format!("{project}/"), "pull").await? {
        return Err(ApiError::not_found(&format!("project {project} not found")));
    }
    let client = core.database.get().await?;
    let rows = client
        .query(
            "SELECT r.name, (SELECT count(*) FROM artifact a WHERE a.repository_name = r.name)
             FROM repository r JOIN project p USING (project_id)
             WHERE p.name = $1 ORDER BY r.name",
            &[&project],
        )
        .await
        .map_err(|error| explain(&error))?;
    let repositories: Vec<Value> = rows
        .iter()
        .map(|row| json!({"name": row.get::<_, String>(0), "artifact_count": row.get::<_, i64>(1)}))
        .collect();
    Ok(Json(repositories).into_response())
}

/// Notes a pushed manifest, as core does.
pub async fn note_push(core: &Core, pushed: &Pushed<'_>) -> Result<()> {
    let client = core.database.get().await?;
    let project = pushed.repository.split('/').next().unwrap_or_default();
    client
        .execute(
            "INSERT INTO repository (name, project_id)
             SELECT $1, project_id FROM project WHERE name = $2
             ON CONFLICT (name) DO UPDATE SET update_time = now()",
            &[&pushed.repository, &project],
        )
        .await
        .map_err(|error| explain(&error))?;
    let tag = (!pushed.reference.starts_with("sha256:")).then_some(pushed.reference);
    client
        .execute(
            "INSERT INTO artifact (repository_name, digest, tag, media_type)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (repository_name, digest) DO UPDATE SET tag = excluded.tag",
            &[&pushed.repository, &pushed.digest, &tag, &pushed.media_type],
        )
        .await
        .map_err(|error| explain(&error))?;
    Ok(())
}

/// A manifest that the registry took.
pub struct Pushed<'a> {
    pub repository: &'a str,
    pub reference: &'a str,
    pub digest: &'a str,
    pub media_type: &'a str,
}
