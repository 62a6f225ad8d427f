"""Languages that are recognised and not read."""

import tomllib

import pytest

from app.nlu.human_request import asks_for_person
from app.nlu.unread_languages import FOLDER, UnreadLanguage, unread_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("เครื่องซักผ้าไม่ทำงานค่ะ", "Thai"),
        ("冷蔵庫が届きません。", "Japanese"),
        ("冰箱还没有送到", "Chinese"),
        ("냉장고가 아직 안 왔어요", "Korean"),
        ("Холодильник до сих пор не привезли", "Russian"),
        ("Холодильник досі не привезли, і я чекаю", "Ukrainian"),
        ("Lodówka nie działa i nikt się nie zgłosił", "Polish"),
        ("Kylskåpet har inte kommit och jag är trött på att vänta", "Swedish"),
        ("Buzdolabı gelmedi ve ben çok bekledim", "Turkish"),
        ("ਫਰਿੱਜ ਨਹੀਂ ਆਇਆ", "Gurmukhi script"),
    ],
)
def test_the_language_is_named(text: str, language: str) -> None:
    assert unread_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "The fridge has not come and I am tired of waiting",
        "Der Kühlschrank ist nicht da",
        "Le réfrigérateur n'est pas arrivé",
        "La nevera no ha llegado",
        "O frigorífico não chegou",
        "Il frigorifero non è arrivato",
        "De koelkast is er nog niet",
        "My name is Łucja Żak and the fridge is late",
        "ok",
        "TH-60215",
        "",
    ],
)
def test_what_is_read_and_what_tells_nothing_is_none_of_them(text: str) -> None:
    assert unread_language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "ขอคุยกับพนักงานค่ะ",
        "オペレーターと話したいです。",
        "请帮我转人工客服",
        "상담원과 통화하고 싶어요",
        "Соедините с человеком",
        "Chciałbym porozmawiać z pracownikiem",
        "أريد التحدث مع موظف",
        "Jag vill prata med en människa och inte med det här",
    ],
)
def test_a_wish_for_a_person_is_noticed(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize("text", ["พนักงานใจดีมาก", "Сотрудник был груб", "担当者は親切でした。"])
def test_who_only_speaks_of_a_person_asks_for_none(text: str) -> None:
    assert not asks_for_person(text)


def test_every_file_is_a_table() -> None:
    files = sorted(FOLDER.glob("*.toml"))
    names = [UnreadLanguage.model_validate(tomllib.loads(file.read_text("utf-8"))).name for file in files]
    assert len(names) == len(set(names)) == len(files)
