//! What is asked of the server.

use super::facts::NODE;
use super::settings::ExternalDb;
use super::sql;
use crate::resource::{Ask, Question};
use crate::step::Sql;

/// What to ask; nothing while the server cannot be logged in to.
pub fn questions(settings: &ExternalDb) -> Vec<Question> {
    let Some(server) = sql::server(settings) else { return Vec::new() };
    let names = settings.database_names();
    let ask = |key: String, database: &str, statement: String| Question {
        host: NODE.to_owned(),
        key,
        ask: Ask::Sql(sql::one(server.clone(), database, statement)),
    };
    let main = |key: &str, statement| ask(key.to_owned(), sql::MAINTENANCE, statement);
    let mut questions = vec![
        main("cluster", sql::CLUSTER.to_owned()),
        main("role", sql::role(&settings.user)),
        main("stored password", sql::stored_password(&settings.user)),
        main("databases", sql::databases(&names)),
    ];
    for name in &names {
        let statements = vec![sql::as_role(&settings.user), sql::inside(&settings.user)];
        let inside = Sql { server: server.clone(), database: name.clone(), statements };
        let (host, key) = (NODE.to_owned(), format!("inside {name}"));
        questions.push(Question { host, key, ask: Ask::Sql(inside) });
    }
    if let (Some(server), Some(first)) = (sql::server_as_harbor(settings), names.first()) {
        let login = Ask::Sql(sql::one(server, first, "SELECT 1"));
        questions.push(Question { host: NODE.to_owned(), key: "login".to_owned(), ask: login });
    }
    questions
}
