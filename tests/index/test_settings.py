"""Settings from the environment and back: unknown names, bad values, secrets."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from index import open_catalogue
from index.errors import SettingError
from index.settings import Settings

SECRETS = {
    "CLARION_DATABASE_URL": "postgresql+psycopg://clarion:tulip@db/clarion",
    "CLARION_SEARCH_URL": "https://elastic:tulip@node:9200",
    "CLARION_SEARCH_PASSWORD": "tulip",
    "CLARION_SEARCH_API_KEY": "tulip",
    "CLARION_SECRET_KEY": "tulip",
}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({f.metadata["variable"]: "" for f in fields(Settings)}) == Settings()
    assert Settings().database == "sqlite:///data/clarion.db"


def test_every_setting_has_its_own_variable_and_a_sentence() -> None:
    variables = [f.metadata["variable"] for f in fields(Settings)]
    assert len(set(variables)) == len(variables)
    for f in fields(Settings):
        assert f.metadata["variable"].startswith("CLARION_")
        assert f.metadata["doc"].rstrip().endswith(".")


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(SettingError, match="CLARION_METRICS_TOKEN") as error:
        Settings.from_env({"CLARION_METRICS_TOKEN": "tulip"})
    assert "tulip" not in str(error.value)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingError, match="CLARION_DATABSE_URL") as error:
        Settings.from_env({"CLARION_DATABSE_URL": "x", "PATH": "/bin"})
    assert error.value.code == "bad_setting"
    assert Settings.from_env({"CLARION_TEST_POSTGRES": "x", "CLARION_REQUIRE_ALL": "1", "HOME": "/"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CLARION_TRAINING", "maybe"),
        ("CLARION_TRUSTED_PROXIES", "two"),
        ("CLARION_TRUSTED_PROXIES", "-1"),
        ("CLARION_TRUSTED_PROXIES", "1.5"),
        ("CLARION_CRAWL_WORKERS", "0"),
        ("CLARION_ENCODER_THREADS", "-1"),
        ("CLARION_TIP_RETENTION_DAYS", "0"),
        ("CLARION_SEARCH_TIMEOUT_S", "soon"),
        ("CLARION_SEARCH_TIMEOUT_S", "0"),
        ("CLARION_SEARCH_TIMEOUT_S", "nan"),
        ("CLARION_SEARCH_TIMEOUT_S", "inf"),
        ("CLARION_LOG_FORMAT", "xml"),
        ("CLARION_SITE_URL", "piyao.example"),
        ("CLARION_SITE_URL", "https://piyao.example/"),
        ("CLARION_SITE_URL", "javascript:alert(1)"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=variable):
        Settings.from_env({variable: value})


def test_switches_are_read_as_people_write_them() -> None:
    for value, is_training in (("1", True), ("TRUE", True), (" yes ", True), ("0", False), ("no", False)):
        assert Settings.from_env({"CLARION_TRAINING": value}).is_training is is_training


def test_lists_are_split_at_commas() -> None:
    hosts = Settings.from_env({"CLARION_ALLOWED_HOSTS": " a.example, ,b.example "}).allowed_hosts
    assert hosts == ("a.example", "b.example")


def test_settings_survive_the_way_through_an_environment() -> None:
    settings = Settings(
        data_dir=Path("/srv/clarion"), database_url=SECRETS["CLARION_DATABASE_URL"], search_timeout_s=0.5,
        encoder="hashed", sources=Path("s.toml"), site_url="https://piyao.example", allowed_hosts=("a", "b"),
        trusted_proxies=2, is_training=True, internal_targets=("127.0.0.1:80",), log_format="json",
    )  # fmt: skip
    environment = settings.to_env()
    assert Settings.from_env(environment) == settings
    assert all(isinstance(value, str) for value in environment.values())
    assert Settings().to_env() == {}


def test_no_secret_is_in_the_repr() -> None:
    settings = Settings.from_env(SECRETS)
    assert "tulip" not in repr(settings)
    assert "tulip" not in f"{settings}"
    assert "CLARION" not in repr(settings)
    assert settings.to_env() == SECRETS  # a child process gets them all the same


def test_a_data_folder_that_is_a_file_is_a_bad_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingError, match="CLARION_DATA"):
            open_catalogue(Settings(data_dir=folder, encoder="hashed"))


@pytest.mark.parametrize("url", ["mysql://db/clarion", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_cannot_be_used_is_a_bad_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError, match="CLARION_DATABASE_URL"):
        open_catalogue(Settings(data_dir=tmp_path, encoder="hashed", database_url=url))
