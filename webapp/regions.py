"""Regions by plain names: stable keys for addresses, filters and CAP areas; names in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.language import N_

REGION_NAMES: Mapping[str, str] = {
    "global": N_("Worldwide"),
    "china": N_("All of China"),
    "anhui": N_("Anhui"),
    "beijing": N_("Beijing"),
    "chongqing": N_("Chongqing"),
    "fujian": N_("Fujian"),
    "gansu": N_("Gansu"),
    "guangdong": N_("Guangdong"),
    "guangxi": N_("Guangxi"),
    "guizhou": N_("Guizhou"),
    "hainan": N_("Hainan"),
    "hebei": N_("Hebei"),
    "heilongjiang": N_("Heilongjiang"),
    "henan": N_("Henan"),
    "hongkong": N_("Hong Kong"),
    "hubei": N_("Hubei"),
    "hunan": N_("Hunan"),
    "innermongolia": N_("Inner Mongolia"),
    "jiangsu": N_("Jiangsu"),
    "jiangxi": N_("Jiangxi"),
    "jilin": N_("Jilin"),
    "liaoning": N_("Liaoning"),
    "macao": N_("Macao"),
    "ningxia": N_("Ningxia"),
    "qinghai": N_("Qinghai"),
    "shaanxi": N_("Shaanxi"),
    "shandong": N_("Shandong"),
    "shanghai": N_("Shanghai"),
    "shanxi": N_("Shanxi"),
    "sichuan": N_("Sichuan"),
    "taiwan": N_("Taiwan"),
    "tianjin": N_("Tianjin"),
    "tibet": N_("Tibet"),
    "xinjiang": N_("Xinjiang"),
    "yunnan": N_("Yunnan"),
    "zhejiang": N_("Zhejiang"),
}

#: Country codes as registries of sources write them; shown by name, never used as keys of our own.
CODES: Mapping[str, str] = {"CN": "china", "HK": "hongkong", "MO": "macao", "TW": "taiwan"}
