//! A pool of `PostgreSQL` connections with the limits of core's env file.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, Config, NoTls};

use super::environment::variable;
use super::sql_tls::{self, SslMode};
use crate::error::{Doing, Result, failure};
use crate::release::Release;

/// Connections to the one host there is: no list of hosts, no
/// `target_session_attrs`.
pub struct Pool {
    host: String,
    port: u16,
    config: Config,
    ssl_mode: SslMode,
    idle: Mutex<Vec<Client>>,
    max_idle: usize,
    permits: Semaphore,
}

/// `POSTGRESQL_*` of core's env file, as text.
#[derive(Clone)]
pub struct Settings {
    pub host: String,
    pub port: String,
    pub username: String,
    pub password: String,
    pub name: String,
    pub ssl_mode: String,
    pub max_idle: String,
    pub max_open: String,
}

impl Settings {
    /// Reads the environment.
    pub fn read() -> Self {
        Self {
            host: variable("POSTGRESQL_HOST"),
            port: variable("POSTGRESQL_PORT"),
            username: variable("POSTGRESQL_USERNAME"),
            password: variable("POSTGRESQL_PASSWORD"),
            name: variable("POSTGRESQL_DATABASE"),
            ssl_mode: variable("POSTGRESQL_SSLMODE"),
            max_idle: variable("POSTGRESQL_MAX_IDLE_CONNS"),
            max_open: variable("POSTGRESQL_MAX_OPEN_CONNS"),
        }
    }
}

/// A borrowed connection; it goes back when it is dropped.
pub struct Connection<'a> {
    client: Option<Client>,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    /// A pool that has no connection yet. The settings are joined into one
    /// text without quotes, so a blank or a quote in the password breaks it.
    pub fn new(settings: &Settings, release: Release) -> Result<Self> {
        let text = format!(
            "user={} password={} dbname={}",
            settings.username, settings.password, settings.name
        );
        let config: Config = text
            .parse()
            .map_err(|_| failure("failed to parse the database's connection string"))?;
        Ok(Self {
            ssl_mode: SslMode::parse(&settings.ssl_mode, release)?,
            permits: Semaphore::new(match settings.max_open.parse().unwrap_or(0) {
                0 => Semaphore::MAX_PERMITS,
                limit => limit,
            }),
            port: settings.port.parse().doing("read the database's port")?,
            max_idle: settings.max_idle.parse().unwrap_or(0),
            idle: Mutex::default(),
            host: settings.host.clone(),
            config,
        })
    }

    /// A connection that is idle and alive, or a new one.
    pub async fn get(&self) -> Result<Connection<'_>> {
        let permit = self.permits.acquire().await.doing("wait for a connection")?;
        let idle = self.take_idle();
        let client = match idle {
            Some(client) => client,
            None => self.connect().await?,
        };
        Ok(Connection { client: Some(client), pool: self, _permit: permit })
    }

    fn take_idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Result<Client> {
        let stream = self.dial().await?;
        match self.ssl_mode.connector()? {
            None => {
                let (client, connection) = self
                    .config
                    .connect_raw(stream, NoTls)
                    .await
                    .map_err(|error| sql_tls::explain(&error))?;
                tokio::spawn(connection);
                Ok(client)
            }
            Some(connector) => {
                let mut config = self.config.clone();
                config.ssl_mode(tokio_postgres::config::SslMode::Require);
                let tls = sql_tls::for_host(connector, &self.host)?;
                let (client, connection) = config
                    .connect_raw(stream, tls)
                    .await
                    .map_err(|error| sql_tls::explain(&error))?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    async fn dial(&self) -> Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port))
            .await
            .doing(&format!("dial tcp {}:{}", self.host, self.port))
    }

    /// Core tries the port for a minute before it gives up.
    pub async fn wait_for_port(&self) -> Result<()> {
        for _ in 0..30 {
            let attempt = tokio::time::timeout(Duration::from_secs(2), self.dial()).await;
            match attempt {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => println!("[ERROR] {error}, retry after 2 seconds"),
                Err(_) => println!("[ERROR] failed to connect to the database: i/o timeout"),
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        Err(failure(format!(
            "failed to connect to tcp://{}:{} after 60 seconds",
            self.host, self.port
        )))
    }
}

impl Deref for Connection<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("it is taken in drop alone")
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = self.client.take()
            && idle.len() < self.pool.max_idle
        {
            idle.push(client);
        }
    }
}
