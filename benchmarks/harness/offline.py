"""The environment of benchmarks that start no engine."""

ENVIRONMENT = {
    "SECRET_KEY": "for-a-benchmark-that-starts-no-engine-and-never-serves-anything-to-anybody",
    "DATABASE_URL": "postgres://none@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DJANGO_SETTINGS_MODULE": "moderado.config.settings.worker",
}
