"""What is said of a file's fingerprint beside a certificate's, language by language: every one says everything."""

# ruff: noqa: RUF001 - these are the apostrophes of French and Italian, and the letters of Ukrainian

from typing import NamedTuple


class FingerprintWords(NamedTuple):
    label: str
    button: str
    same: str
    other: str
    none: str


FINGERPRINT_WORDS = {
    "en": FingerprintWords(
        "Fingerprint of your file",
        "Compare",
        "The fingerprints are the same: your file is the one that was issued.",
        "The fingerprints differ: your file is not the one that was issued, or it was changed.",
        "This is no such fingerprint: it has 64 digits, from 0 to 9 and from a to f.",
    ),
    "de": FingerprintWords(
        "Fingerabdruck Ihrer Datei",
        "Vergleichen",
        "Die Fingerabdrücke sind gleich: Ihre Datei ist die ausgestellte.",
        "Die Fingerabdrücke unterscheiden sich: Ihre Datei ist nicht die ausgestellte, oder sie wurde verändert.",
        "Das ist kein solcher Fingerabdruck: Er hat 64 Ziffern, von 0 bis 9 und von a bis f.",
    ),
    "fr": FingerprintWords(
        "Empreinte de votre fichier",
        "Comparer",
        "Les empreintes sont identiques : votre fichier est bien celui qui a été délivré.",
        "Les empreintes diffèrent : votre fichier n’est pas celui qui a été délivré, ou il a été modifié.",
        "Ce n’est pas une telle empreinte : elle compte 64 chiffres, de 0 à 9 et de a à f.",
    ),
    "es": FingerprintWords(
        "Huella de su archivo",
        "Comparar",
        "Las huellas coinciden: su archivo es el que se emitió.",
        "Las huellas no coinciden: su archivo no es el que se emitió, o se ha modificado.",
        "Esto no es una huella de ese tipo: tiene 64 dígitos, del 0 al 9 y de la a a la f.",
    ),
    "it": FingerprintWords(
        "Impronta del suo file",
        "Confrontare",
        "Le impronte coincidono: il suo file è quello rilasciato.",
        "Le impronte sono diverse: il suo file non è quello rilasciato, oppure è stato modificato.",
        "Questa non è un’impronta del genere: ha 64 cifre, da 0 a 9 e da a a f.",
    ),
    "pt": FingerprintWords(
        "Impressão digital do seu ficheiro",
        "Comparar",
        "As impressões digitais são iguais: o seu ficheiro é o que foi emitido.",
        "As impressões digitais são diferentes: o seu ficheiro não é o que foi emitido, ou foi alterado.",
        "Isto não é uma impressão digital dessas: tem 64 algarismos, de 0 a 9 e de a a f.",
    ),
    "nl": FingerprintWords(
        "Vingerafdruk van uw bestand",
        "Vergelijken",
        "De vingerafdrukken zijn gelijk: uw bestand is het uitgegeven bestand.",
        "De vingerafdrukken verschillen: uw bestand is niet het uitgegeven bestand, of het is gewijzigd.",
        "Dit is niet zo’n vingerafdruk: die heeft 64 cijfers, van 0 tot en met 9 en van a tot en met f.",
    ),
    "pl": FingerprintWords(
        "Odcisk Twojego pliku",
        "Porównaj",
        "Odciski są takie same: Twój plik jest tym, który został wydany.",
        "Odciski się różnią: Twój plik nie jest tym, który został wydany, albo został zmieniony.",
        "To nie jest taki odcisk: ma on 64 cyfry, od 0 do 9 i od a do f.",
    ),
    "cs": FingerprintWords(
        "Otisk vašeho souboru",
        "Porovnat",
        "Otisky jsou stejné: váš soubor je ten, který byl vydán.",
        "Otisky se liší: váš soubor není ten, který byl vydán, nebo byl změněn.",
        "Toto není takový otisk: má 64 číslic, od 0 do 9 a od a do f.",
    ),
    "uk": FingerprintWords(
        "Відбиток вашого файлу",
        "Порівняти",
        "Відбитки однакові: ваш файл саме той, який було видано.",
        "Відбитки різні: ваш файл не той, який було видано, або його змінено.",
        "Це не такий відбиток: він має 64 цифри, від 0 до 9 та від a до f.",
    ),
    "ar": FingerprintWords(
        "بصمة ملفك",
        "مقارنة",
        "البصمتان متطابقتان: ملفك هو الملف الذي صدر.",
        "البصمتان مختلفتان: ملفك ليس الملف الذي صدر، أو جرى تعديله.",
        "هذه ليست بصمة من هذا النوع: فهي من 64 رقمًا، من 0 إلى 9 ومن a إلى f.",
    ),
    "zh": FingerprintWords(
        "您的文件的指纹",
        "比较",
        "指纹一致：您的文件就是所颁发的文件。",
        "指纹不一致：您的文件不是所颁发的文件，或已被更改。",
        "这不是此类指纹：它有 64 位，由 0 到 9 和 a 到 f 组成。",
    ),
    "ja": FingerprintWords(
        "お手元のファイルのフィンガープリント",
        "比較する",
        "フィンガープリントは一致しています。お手元のファイルは発行されたものです。",
        "フィンガープリントが異なります。お手元のファイルは発行されたものではないか、変更されています。",
        "これはフィンガープリントではありません。0 から 9 と a から f の 64 桁です。",
    ),
}
