"""What holders of certificates read who have a new link mailed, language by language: every one says everything.

`{{ … }}` are filled in by the mail: `title` of the certificate, `issuer`, and `until`, the last day of the link.
"""

# ruff: noqa: RUF001 - these are the apostrophes of French and Italian, and the letters of Ukrainian

from typing import NamedTuple


class LinkWords(NamedTuple):
    button: str  # on the page
    hint: str
    asked_title: str  # of the answer, which is the same whatever was done
    asked: str
    subject: str  # of the mail
    why: str
    open: str
    until: str
    ignore: str


LINK_WORDS = {
    "en": LinkWords(
        "Mail a new link to the holder",
        "It leads to the file and goes to the address on record, which is not shown here.",
        "Thank you",
        "If there is an address on record for this certificate, a new link has been sent to it. "
        "That can be done once an hour.",
        "Your certificate: {{ title }}",
        "Somebody, probably you, asked for a new link to your certificate “{{ title }}” from {{ issuer }}.",
        "Open the certificate",
        "The link works until {{ until }}.",
        "If it was not you, you need not do anything.",
    ),
    "de": LinkWords(
        "Der Inhaberin oder dem Inhaber einen neuen Link mailen",
        "Er führt zur Datei und geht an die hinterlegte Adresse, die hier nicht gezeigt wird.",
        "Vielen Dank",
        "Wenn zu diesem Zertifikat eine Adresse hinterlegt ist, wurde ein neuer Link an sie gesandt. "
        "Das geht einmal in der Stunde.",
        "Ihr Zertifikat: {{ title }}",
        "Jemand, vermutlich Sie selbst, hat um einen neuen Link zu Ihrem Zertifikat „{{ title }}“ von {{ issuer }} "
        "gebeten.",
        "Zertifikat öffnen",
        "Der Link gilt bis {{ until }}.",
        "Falls Sie es nicht waren, brauchen Sie nichts zu tun.",
    ),
    "fr": LinkWords(
        "Envoyer un nouveau lien au titulaire",
        "Il mène au fichier et part à l’adresse enregistrée, qui n’est pas affichée ici.",
        "Merci",
        "Si une adresse est enregistrée pour ce certificat, un nouveau lien y a été envoyé. "
        "C’est possible une fois par heure.",
        "Votre certificat : {{ title }}",
        "Quelqu’un, sans doute vous, a demandé un nouveau lien vers votre certificat « {{ title }} » délivré par "
        "{{ issuer }}.",
        "Ouvrir le certificat",
        "Le lien est valable jusqu’au {{ until }}.",
        "Si ce n’était pas vous, vous n’avez rien à faire.",
    ),
    "es": LinkWords(
        "Enviar un enlace nuevo al titular",
        "Lleva al archivo y se envía a la dirección registrada, que aquí no se muestra.",
        "Gracias",
        "Si hay una dirección registrada para este certificado, se le ha enviado un enlace nuevo. "
        "Se puede hacer una vez por hora.",
        "Su certificado: {{ title }}",
        "Alguien, probablemente usted, ha pedido un enlace nuevo a su certificado «{{ title }}» de {{ issuer }}.",
        "Abrir el certificado",
        "El enlace es válido hasta el {{ until }}.",
        "Si no ha sido usted, no tiene que hacer nada.",
    ),
    "it": LinkWords(
        "Inviare un nuovo link al titolare",
        "Porta al file e va all’indirizzo registrato, che qui non viene mostrato.",
        "Grazie",
        "Se per questo certificato è registrato un indirizzo, vi è stato inviato un nuovo link. "
        "Si può fare una volta all’ora.",
        "Il suo certificato: {{ title }}",
        "Qualcuno, probabilmente lei, ha chiesto un nuovo link al suo certificato «{{ title }}» di {{ issuer }}.",
        "Aprire il certificato",
        "Il link è valido fino al {{ until }}.",
        "Se non è stato lei, non deve fare nulla.",
    ),
    "pt": LinkWords(
        "Enviar um novo link ao titular",
        "Leva ao ficheiro e segue para o endereço registado, que aqui não é mostrado.",
        "Obrigado",
        "Se houver um endereço registado para este certificado, foi enviado para lá um novo link. "
        "Isto é possível uma vez por hora.",
        "O seu certificado: {{ title }}",
        "Alguém, provavelmente você, pediu um novo link para o seu certificado “{{ title }}” de {{ issuer }}.",
        "Abrir o certificado",
        "O link é válido até {{ until }}.",
        "Se não foi você, não precisa de fazer nada.",
    ),
    "nl": LinkWords(
        "Een nieuwe link naar de houder mailen",
        "Hij leidt naar het bestand en gaat naar het geregistreerde adres, dat hier niet wordt getoond.",
        "Bedankt",
        "Als er voor dit certificaat een adres geregistreerd is, is daar een nieuwe link naartoe gestuurd. "
        "Dat kan één keer per uur.",
        "Uw certificaat: {{ title }}",
        "Iemand, waarschijnlijk u, heeft om een nieuwe link naar uw certificaat “{{ title }}” van {{ issuer }} "
        "gevraagd.",
        "Het certificaat openen",
        "De link werkt tot en met {{ until }}.",
        "Was u het niet, dan hoeft u niets te doen.",
    ),
    "pl": LinkWords(
        "Wyślij posiadaczowi nowy link",
        "Prowadzi do pliku i trafia na zapisany adres, który nie jest tu pokazywany.",
        "Dziękujemy",
        "Jeśli dla tego certyfikatu zapisano adres, wysłano na niego nowy link. Można to zrobić raz na godzinę.",
        "Twój certyfikat: {{ title }}",
        "Ktoś, zapewne Ty, poprosił o nowy link do Twojego certyfikatu „{{ title }}”, wystawca: {{ issuer }}.",
        "Otwórz certyfikat",
        "Link działa do {{ until }}.",
        "Jeśli to nie Ty, nie trzeba nic robić.",
    ),
    "cs": LinkWords(
        "Poslat držiteli nový odkaz",
        "Vede k souboru a odejde na evidovanou adresu, která se zde nezobrazuje.",
        "Děkujeme",
        "Pokud je u tohoto certifikátu evidována adresa, byl na ni odeslán nový odkaz. Lze to jednou za hodinu.",
        "Váš certifikát: {{ title }}",
        "Někdo, nejspíš vy, požádal o nový odkaz na váš certifikát „{{ title }}“, vydavatel: {{ issuer }}.",
        "Otevřít certifikát",
        "Odkaz platí do {{ until }}.",
        "Pokud jste to nebyli vy, nemusíte nic dělat.",
    ),
    "uk": LinkWords(
        "Надіслати власникові нове посилання",
        "Воно веде до файлу й надходить на адресу з реєстру, яку тут не показано.",
        "Дякуємо",
        "Якщо для цього сертифіката в реєстрі є адреса, на неї надіслано нове посилання. Це можливо раз на годину.",
        "Ваш сертифікат: {{ title }}",
        "Хтось, імовірно ви, попросив нове посилання на ваш сертифікат «{{ title }}», видавець: {{ issuer }}.",
        "Відкрити сертифікат",
        "Посилання дійсне до {{ until }}.",
        "Якщо це були не ви, нічого робити не потрібно.",
    ),
    "ar": LinkWords(
        "إرسال رابط جديد إلى صاحب الشهادة",
        "يؤدي إلى الملف ويُرسل إلى العنوان المسجل، وهو لا يظهر هنا.",
        "شكرًا لك",
        "إذا كان لهذه الشهادة عنوان مسجل فقد أُرسل إليه رابط جديد. يمكن ذلك مرة واحدة كل ساعة.",
        "شهادتك: {{ title }}",
        "طلب شخص ما، وربما أنت، رابطًا جديدًا لشهادتك «{{ title }}» الصادرة عن {{ issuer }}.",
        "فتح الشهادة",
        "الرابط صالح حتى {{ until }}.",
        "إن لم تكن أنت من طلبه فلا حاجة إلى فعل أي شيء.",
    ),
    "zh": LinkWords(
        "将新链接发送给持有人",
        "链接指向文件，将发送到登记的地址；地址不会在此显示。",
        "谢谢",
        "如果此证书登记有地址，新链接已发送到该地址。每小时可发送一次。",
        "您的证书：{{ title }}",
        "有人（很可能是您本人）请求了由 {{ issuer }} 颁发的证书“{{ title }}”的新链接。",
        "打开证书",
        "链接有效期至 {{ until }}。",
        "如果不是您本人操作，无需理会。",
    ),
    "ja": LinkWords(
        "保持者に新しいリンクを送信する",
        "リンクはファイルへのもので、登録されている宛先に送られます。宛先はここには表示されません。",
        "ありがとうございます",
        "この証明書に宛先が登録されている場合、新しいリンクを送信しました。送信は 1 時間に 1 回までです。",
        "あなたの証明書：{{ title }}",
        "どなたか（おそらくご本人）が、{{ issuer }} 発行の証明書「{{ title }}」の新しいリンクを求めました。",
        "証明書を開く",
        "リンクの有効期限は {{ until }} です。",
        "お心当たりがない場合は、何もしていただく必要はありません。",
    ),
}
