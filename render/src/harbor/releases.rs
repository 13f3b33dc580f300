//! The table of releases: each minor of Harbor 2 with all that differs from the one before, from its
//! template, the code of `prepare`, its API and its documentation. A new release is one more row.
//! What it means for one release is asked of [`Release`](super::Release), by name.

mod first;
mod row;

use row::Kind::{Bool, Number, Text};
pub use row::{Changes, Component, ComposeNeed, DockerNeed, Kind, Oldest, Quirk, Row, Setting};

/// The supported minors, oldest first.
pub static RELEASES: &[Row] = &[
    Row {
        architectures: Some(&["amd64"]),
        docker: Some(DockerNeed { checked: Oldest(17, 6, 0), documented: Oldest(17, 6, 0) }),
        compose: Some(ComposeNeed { version: Oldest(1, 18, 0), documented: Oldest(1, 18, 0) }),
        webhook_retries: Some(10),
        keys: Changes::new(first::KEYS),
        demands: first::DEMANDS,
        settings: Changes::new(first::SETTINGS),
        components: Changes::new(&[
            Component::Trivy,
            Component::Notary,
            Component::ChartMuseum,
            Component::Clair,
        ]),
        quirks: Changes::new(&[
            Quirk::ComposeFileVersion,
            Quirk::ComposeDnsSearch,
            Quirk::NoScanExportVolume,
        ]),
        ..Row::like_the_last(0, "2.0.0", 30, 0)
    },
    // Its harbor.yml still says 2.0.0.
    Row {
        keys: Changes {
            new: &["external_redis.sentinel_master_set"],
            gone: &["external_redis.port"], // now part of `host`
            ..Changes::NONE
        },
        quirks: Changes::new(&[Quirk::ProxyCacheTypes]),
        ..Row::like_the_last(1, "2.0.0", 40, 0)
    },
    Row {
        keys: Changes {
            new: &["metric.enabled", "metric.port", "metric.path"],
            gone: &["external_database.clair.*", "clair.*", "external_redis.clair_db_index"],
            ..Changes::NONE
        },
        components: Changes {
            new: &[Component::Exporter],
            gone: &[Component::Clair],
            ..Changes::NONE
        },
        ..Row::like_the_last(2, "2.2.0", 50, 0)
    },
    Row {
        quirks: Changes::new(&[
            Quirk::ForwardedScheme,
            Quirk::ConfigOverwrite,
            Quirk::SyslogByName,
            Quirk::RegistryRedisPool,
        ]),
        ..Row::like_the_last(3, "2.3.0", 60, 0)
    },
    Row {
        keys: Changes {
            new: &[
                "trivy.timeout",
                "trace.enabled",
                "trace.sample_rate",
                "trace.namespace",
                "trace.attributes.*",
                "trace.jaeger.*",
                "trace.otel.*",
            ],
            patched: &[(2, "trivy.offline_scan")],
            ..Changes::NONE
        },
        quirks: Changes {
            new: &[Quirk::ZeroSettingsShown, Quirk::JoinedDatabaseAddress],
            gone: &[Quirk::ComposeDnsSearch],
            ..Changes::NONE
        },
        ..Row::like_the_last(4, "2.4.0", 70, 0) // the documentation up to here starts at 1.9
    },
    Row {
        keys: Changes::new(&[
            "upload_purging.enabled",
            "upload_purging.age",
            "upload_purging.interval",
            "upload_purging.dryrun",
        ]),
        quirks: Changes {
            new: &[Quirk::LibpqSslModes, Quirk::TimeShown],
            patched: &[(4, Quirk::ComposePlugin)],
            ..Changes::NONE
        },
        ..Row::like_the_last(5, "2.5.0", 80, 3)
    },
    Row {
        keys: Changes {
            new: &["cache.enabled", "cache.expire_hours"],
            patched: &[(2, "trivy.security_check")],
            ..Changes::NONE
        },
        settings: Changes::new(&[
            ("audit_log_forward_endpoint", Text),
            ("skip_audit_log_database", Bool),
        ]),
        quirks: Changes {
            new: &[Quirk::RedisHealthAsked],
            backported: &[(4, Quirk::NoScanExportVolume)],
            gone: &[Quirk::NoScanExportVolume],
            ..Changes::NONE
        },
        ..Row::like_the_last(6, "2.6.0", 90, 4)
    },
    Row {
        keys: Changes {
            new: &[
                "database.conn_max_lifetime",
                "database.conn_max_idle_time",
                "external_database.harbor.conn_max_lifetime",
                "external_database.harbor.conn_max_idle_time",
            ],
            backported: &[
                (3, "external_redis.harbor_db_index"),
                (3, "external_redis.cache_layer_db_index"),
                (3, "redis.*"),
            ],
            ..Changes::NONE
        },
        settings: Changes {
            new: &[("oidc_group_filter", Text), ("session_timeout", Number)],
            gone: first::EMAIL_SETTINGS,
            ..Changes::NONE
        },
        quirks: Changes {
            new: &[Quirk::PositiveDurations],
            patched: &[(1, Quirk::NoScanExportVolume)],
            backported: &[(2, Quirk::QuotedRedisPassword), (3, Quirk::PlainOtelTimeout)],
            gone: &[],
        },
        ..Row::like_the_last(7, "2.7.0", 100, 5)
    },
    Row {
        webhook_retries: Some(3),
        keys: Changes {
            new: &[
                "external_redis.username",
                "jobservice.logger_sweeper_duration",
                "notification.webhook_job_http_client_timeout",
                "storage_service.redirect.disable",
            ],
            backported: &[
                (4, "external_redis.harbor_db_index"),
                (4, "external_redis.cache_layer_db_index"),
                (4, "redis.*"),
            ],
            gone: &[
                "external_redis.chartmuseum_db_index",
                "chart.absolute_url",
                "storage_service.redirect.disabled",
            ],
            ..Changes::NONE
        },
        demands: &[
            "jobservice.logger_sweeper_duration",
            "notification.webhook_job_http_client_timeout",
        ],
        settings: Changes::new(&[
            ("primary_auth_mode", Bool),
            ("scanner_skip_update_pulltime", Bool),
        ]),
        components: Changes { gone: &[Component::ChartMuseum], ..Changes::NONE },
        quirks: Changes {
            new: &[Quirk::ScannerPrefix, Quirk::VersionHidden, Quirk::JobReaper],
            patched: &[(1, Quirk::QuotedRedisPassword)],
            backported: &[(4, Quirk::PlainOtelTimeout)],
            ..Changes::NONE
        },
        ..Row::like_the_last(8, "2.8.0", 110, 6)
    },
    Row {
        postgres: Some(12),
        keys: Changes {
            new: &[
                "external_redis.harbor_db_index",
                "external_redis.cache_layer_db_index",
                "redis.*", // replaces external_redis where both are: never written
                "jobservice.job_loggers",
                "core.quota_update_provider",
            ],
            backported: &[
                (3, "trivy.skip_java_db_update"),
                // 2.9.0 to 2.10.0 have it in their template in another place.
                (3, "https.strong_ssl_ciphers"),
            ],
            gone: &["external_database.notary_signer.*", "external_database.notary_server.*"],
            ..Changes::NONE
        },
        demands: &["jobservice.job_loggers"],
        settings: Changes::new(&[("banner_message", Text)]),
        components: Changes { gone: &[Component::Notary], ..Changes::NONE },
        quirks: Changes::new(&[Quirk::PlainOtelTimeout]),
        ..Row::like_the_last(9, "2.9.0", 120, 7)
    },
    Row {
        // 2.10.0 has the prepare of 2.9.0.
        keys: Changes {
            patched: &[(1, "trivy.skip_java_db_update")],
            backported: &[(1, "https.strong_ssl_ciphers")],
            ..Changes::NONE
        },
        ..Row::like_the_last(10, "2.10.0", 130, 8)
    },
    Row {
        // The installer's check says 20.10.10 and still compares with 17.06.
        docker: Some(DockerNeed { checked: Oldest(17, 6, 0), documented: Oldest(20, 10, 10) }),
        keys: Changes::new(&[
            "https.strong_ssl_ciphers",
            "ip_family.ipv4.enabled",
            "ip_family.ipv6.enabled",
        ]),
        ..Row::like_the_last(11, "2.11.0", 140, 9)
    },
    Row {
        // Older ones cannot read a compose file without a version.
        compose: Some(ComposeNeed { version: Oldest(1, 27, 0), documented: Oldest(1, 27, 0) }),
        settings: Changes::new(&[("ldap_group_attach_parallel", Bool)]),
        quirks: Changes { gone: &[Quirk::ComposeFileVersion], ..Changes::NONE },
        ..Row::like_the_last(12, "2.12.0", 150, 10)
    },
    Row {
        // "Newer than 2.3", and 1.29.2 was seen to read its files too.
        compose: Some(ComposeNeed { version: Oldest(1, 27, 0), documented: Oldest(2, 4, 0) }),
        keys: Changes::new(&[
            "external_redis.tlsOptions.enable",
            "external_redis.tlsOptions.rootCA",
            "jobservice.max_job_duration_hours",
        ]),
        settings: Changes::new(&[("oidc_logout", Bool), ("disabled_audit_log_event_types", Text)]),
        quirks: Changes::new(&[Quirk::WholeCsrfKey, Quirk::JobDurationInEnv]),
        ..Row::like_the_last(13, "2.13.0", 160, 11)
    },
    Row {
        quirks: Changes {
            new: &[Quirk::ReplicationAdapters],
            gone: &[Quirk::JobDurationInEnv],
            ..Changes::NONE
        },
        ..Row::like_the_last(14, "2.14.0", 170, 11)
    },
    Row {
        keys: Changes::new(&["trivy.db_repository", "trivy.java_db_repository"]),
        quirks: Changes {
            new: &[Quirk::RegistryRedisUsername],
            patched: &[(2, Quirk::ValkeyImage)],
            ..Changes::NONE
        },
        ..Row::like_the_last(15, "2.15.0", 180, 12)
    },
];
