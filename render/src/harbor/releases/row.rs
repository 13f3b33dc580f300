//! The form of the table of releases.

use semver::Version;

/// One minor of Harbor 2: what came and went with it. What a row does not name is as in the row
/// before.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The second number.
    pub minor: u64,
    /// `_version` of its `harbor.yml`.
    pub file_version: &'static str,
    /// Number of the newest migration of the database's schema.
    pub schema: i64,
    /// The oldest minor that its documentation lets one upgrade from.
    pub upgrades_from: u64,
    /// The architectures that its images are made for, as dpkg names them, where that changed.
    pub architectures: Option<&'static [&'static str]>,
    /// What it needs of Docker, where that changed.
    pub docker: Option<DockerNeed>,
    /// What it needs of Compose, where that changed.
    pub compose: Option<ComposeNeed>,
    /// The oldest major version of an external PostgreSQL, where that changed.
    pub postgres: Option<u32>,
    /// `notification.webhook_job_max_retry` of its template, where that changed.
    pub webhook_retries: Option<u64>,
    /// Keys of `harbor.yml` that its template or the code of `prepare` reads, as dotted paths. One
    /// that ends with `.*` is a map whose keys are passed through to another program.
    pub keys: Changes<&'static str>,
    /// Those of its keys without which `prepare` stops.
    pub demands: &'static [&'static str],
    /// System settings of its API: the model `Configurations`.
    pub settings: Changes<Setting>,
    /// Optional parts that its installer can bring.
    pub components: Changes<Component>,
    /// What else it does otherwise.
    pub quirks: Changes<Quirk>,
}

/// What came and went with a minor.
#[derive(Debug, Clone, Copy)]
pub struct Changes<T: 'static> {
    /// From this minor on.
    pub new: &'static [T],
    /// From a later patch of this minor on.
    pub patched: &'static [(u64, T)],
    /// From a patch of this minor on, in this minor alone.
    pub backported: &'static [(u64, T)],
    /// No longer in this minor.
    pub gone: &'static [T],
}

impl<T> Changes<T> {
    /// Nothing came or went.
    pub const NONE: Self = Self { new: &[], patched: &[], backported: &[], gone: &[] };

    /// These came, and nothing else changed.
    pub const fn new(new: &'static [T]) -> Self {
        Self { new, ..Self::NONE }
    }
}

impl Row {
    /// A minor in which nothing changed but its numbers.
    pub const fn like_the_last(
        minor: u64,
        file_version: &'static str,
        schema: i64,
        upgrades_from: u64,
    ) -> Self {
        Self {
            minor,
            file_version,
            schema,
            upgrades_from,
            architectures: None,
            docker: None,
            compose: None,
            postgres: None,
            webhook_retries: None,
            keys: Changes::NONE,
            demands: &[],
            settings: Changes::NONE,
            components: Changes::NONE,
            quirks: Changes::NONE,
        }
    }
}

/// The oldest version of a program, in its three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oldest(pub u64, pub u64, pub u64);

impl Oldest {
    /// As a version, to compare with another.
    pub const fn version(self) -> Version {
        Version::new(self.0, self.1, self.2)
    }
}

/// What a release needs of Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DockerNeed {
    /// The oldest version that the installer's check lets pass.
    pub checked: Oldest,
    /// The oldest version that the documentation asks for.
    pub documented: Oldest,
}

/// What a release needs of Docker Compose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComposeNeed {
    /// The oldest version that works: older ones cannot read the generated compose file.
    pub version: Oldest,
    /// The oldest version that the documentation asks for, where it asks for more.
    pub documented: Oldest,
}

/// Kind of a system setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// A text that the API takes and never gives back.
    Secret,
}

/// A system setting: its key, and the kind of its value.
pub type Setting = (&'static str, Kind);

/// An optional part of Harbor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The scanner.
    Trivy,
    /// The service that signs images.
    Notary,
    /// The store of Helm charts.
    ChartMuseum,
    /// The scanner before Trivy.
    Clair,
    /// The service that gives metrics.
    Exporter,
}

/// What some releases do otherwise than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// The generated compose file says `version: '2.3'`, and an override must agree.
    ComposeFileVersion,
    /// The containers of the generated compose file search no domain.
    ComposeDnsSearch,
    /// Containers log to `localhost`, and not to its address.
    SyslogByName,
    /// The bundled Redis is the image of Valkey.
    ValkeyImage,
    /// The job service has no volume for exported scan results.
    NoScanExportVolume,
    /// The scripts find the plugin `docker compose`, and not only a program `docker-compose`.
    ComposePlugin,
    /// `trace.otel.timeout` is a number of seconds, and not a text like `10s`.
    PlainOtelTimeout,
    /// The database's driver knows all of libpq's `sslmode`: `allow` and `prefer` too.
    LibpqSslModes,
    /// An IPv6 address of the database gets its brackets where the port is put behind it.
    JoinedDatabaseAddress,
    /// Core is told the kinds of registry that a proxy cache may have.
    ProxyCacheTypes,
    /// Core is told the kinds of registry that it may replicate with.
    ReplicationAdapters,
    /// The job service's file says when a job is given up.
    JobReaper,
    /// The job service's environment says it, too.
    JobDurationInEnv,
    /// Robots of the scanner are named by a prefix, `ROBOT_SCANNER_NAME_PREFIX`.
    ScannerPrefix,
    /// `prepare` quotes passwords in the URLs of Redis.
    QuotedRedisPassword,
    /// The registry logs in to Redis by name.
    RegistryRedisUsername,
    /// The registry keeps connections to Redis.
    RegistryRedisPool,
    /// The proxy keeps the scheme that another in front of it names.
    ForwardedScheme,
    /// `CONFIG_OVERWRITE_JSON` sets the system settings.
    ConfigOverwrite,
    /// The API shows system settings that are false, 0 or empty, too.
    ZeroSettingsShown,
    /// The API tells users the time.
    TimeShown,
    /// The API tells its version to users alone, and how to log in to everybody.
    VersionHidden,
    /// The health of Redis is asked of Redis.
    RedisHealthAsked,
    /// Durations must be above zero.
    PositiveDurations,
    /// A `CSRF_KEY` that has not exactly 32 characters lets nobody in.
    WholeCsrfKey,
}
