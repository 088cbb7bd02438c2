"""What the unsubscribe page says, language by language: every language says everything.

`{site}`, `{category}` and `{address}` stand for the sender, the kind of mail and the person's masked address.
"""

# ruff: noqa: RUF001 - these are the apostrophes of French and Italian

from typing import NamedTuple


class Words(NamedTuple):
    title: str
    addressed: str  # whose mail it is, and to whom it goes
    kind: str
    stop_category: str
    stop_all: str
    other_mail: str  # what stopping the category leaves
    category_stopped: str
    all_stopped: str
    undo: str
    undone: str
    by_the_site: str  # where it cannot be undone here
    nothing: str  # the form was sent without a choice
    old_title: str
    old: str
    unknown_title: str
    unknown: str
    busy_title: str
    busy: str


WORDS = {
    "en": Words(
        title="Unsubscribe",
        addressed="Mail from {site} to {address}",
        kind="Kind of mail: {category}",
        stop_category="Stop this kind: {category}",
        stop_all="Stop all mail from {site}",
        other_mail="Other mail from {site} still reaches you.",
        category_stopped="Done. {address} gets no more mail of the kind “{category}” from {site}.",
        all_stopped="Done. {address} gets no more mail from {site}.",
        undo="Undo",
        undone="Undone. {address} gets mail from {site} again.",
        by_the_site="To get mail again, please ask {site}.",
        nothing="Nothing was changed. Please press one of the buttons.",
        old_title="This link is too old",
        old="The mail it came with is no longer on record here. "
        "Please use the link in a newer mail, or write to its sender.",
        unknown_title="This link does not work",
        unknown="It may have been cut off. Please open it from the mail again, or copy all of it.",
        busy_title="Not just now",
        busy="Your choice could not be saved. Please try again in a minute.",
    ),
    "de": Words(
        title="Abmelden",
        addressed="E-Mails von {site} an {address}",
        kind="Art der E-Mail: {category}",
        stop_category="Diese Art abbestellen: {category}",
        stop_all="Alle E-Mails von {site} abbestellen",
        other_mail="Andere E-Mails von {site} kommen weiterhin an.",
        category_stopped="Erledigt. {address} bekommt von {site} keine E-Mails der Art „{category}“ mehr.",
        all_stopped="Erledigt. {address} bekommt keine E-Mails von {site} mehr.",
        undo="Rückgängig machen",
        undone="Rückgängig gemacht. {address} bekommt wieder E-Mails von {site}.",
        by_the_site="Wenn Sie wieder E-Mails bekommen möchten, wenden Sie sich bitte an {site}.",
        nothing="Es wurde nichts geändert. Bitte wählen Sie eine der Schaltflächen.",
        old_title="Dieser Link ist zu alt",
        old="Die E-Mail, aus der er stammt, ist hier nicht mehr gespeichert. "
        "Bitte nehmen Sie den Link aus einer neueren E-Mail oder schreiben Sie dem Absender.",
        unknown_title="Dieser Link funktioniert nicht",
        unknown="Vielleicht ist er unvollständig. Bitte öffnen Sie ihn noch einmal aus der E-Mail "
        "oder kopieren Sie ihn ganz.",
        busy_title="Gerade nicht möglich",
        busy="Ihre Wahl konnte nicht gespeichert werden. Bitte versuchen Sie es in einer Minute noch einmal.",
    ),
    "fr": Words(
        title="Se désabonner",
        addressed="Courriels de {site} à {address}",
        kind="Type de courriel : {category}",
        stop_category="Ne plus recevoir ce type : {category}",
        stop_all="Ne plus recevoir aucun courriel de {site}",
        other_mail="Les autres courriels de {site} continueront d’arriver.",
        category_stopped="C’est fait. {address} ne recevra plus de courriels du type « {category} » de {site}.",
        all_stopped="C’est fait. {address} ne recevra plus de courriels de {site}.",
        undo="Annuler",
        undone="C’est annulé. {address} recevra de nouveau les courriels de {site}.",
        by_the_site="Pour recevoir de nouveau des courriels, veuillez vous adresser à {site}.",
        nothing="Rien n’a été modifié. Veuillez choisir l’un des boutons.",
        old_title="Ce lien est trop ancien",
        old="Le courriel dont il provient n’est plus conservé ici. "
        "Veuillez utiliser le lien d’un courriel plus récent ou écrire à son expéditeur.",
        unknown_title="Ce lien ne fonctionne pas",
        unknown="Il est peut-être incomplet. Veuillez l’ouvrir de nouveau depuis le courriel ou le copier en entier.",
        busy_title="Pas pour l’instant",
        busy="Votre choix n’a pas pu être enregistré. Veuillez réessayer dans une minute.",
    ),
    "es": Words(
        title="Cancelar la suscripción",
        addressed="Correo de {site} para {address}",
        kind="Tipo de correo: {category}",
        stop_category="No recibir más este tipo: {category}",
        stop_all="No recibir más correo de {site}",
        other_mail="El resto del correo de {site} seguirá llegando.",
        category_stopped="Hecho. {address} ya no recibirá correo del tipo «{category}» de {site}.",
        all_stopped="Hecho. {address} ya no recibirá correo de {site}.",
        undo="Deshacer",
        undone="Deshecho. {address} volverá a recibir el correo de {site}.",
        by_the_site="Para volver a recibir correo, diríjase a {site}.",
        nothing="No se ha cambiado nada. Elija uno de los botones.",
        old_title="Este enlace es demasiado antiguo",
        old="El correo del que procede ya no se conserva aquí. "
        "Use el enlace de un correo más reciente o escriba al remitente.",
        unknown_title="Este enlace no funciona",
        unknown="Puede que esté incompleto. Ábralo de nuevo desde el correo o cópielo entero.",
        busy_title="Ahora no es posible",
        busy="No se ha podido guardar su elección. Inténtelo de nuevo dentro de un minuto.",
    ),
    "pt": Words(
        title="Cancelar a subscrição",
        addressed="E-mails de {site} para {address}",
        kind="Tipo de e-mail: {category}",
        stop_category="Deixar de receber este tipo: {category}",
        stop_all="Deixar de receber todos os e-mails de {site}",
        other_mail="Os outros e-mails de {site} continuam a chegar.",
        category_stopped="Feito. {address} deixa de receber e-mails do tipo “{category}” de {site}.",
        all_stopped="Feito. {address} deixa de receber e-mails de {site}.",
        undo="Anular",
        undone="Anulado. {address} volta a receber os e-mails de {site}.",
        by_the_site="Para voltar a receber e-mails, contacte {site}.",
        nothing="Nada foi alterado. Escolha um dos botões.",
        old_title="Esta ligação é demasiado antiga",
        old="O e-mail de onde ela veio já não está guardado aqui. "
        "Use a ligação de um e-mail mais recente ou escreva ao remetente.",
        unknown_title="Esta ligação não funciona",
        unknown="Pode estar incompleta. Abra-a de novo a partir do e-mail ou copie-a por inteiro.",
        busy_title="Agora não é possível",
        busy="Não foi possível guardar a sua escolha. Tente de novo dentro de um minuto.",
    ),
    "it": Words(
        title="Annulla l’iscrizione",
        addressed="E-mail da {site} a {address}",
        kind="Tipo di e-mail: {category}",
        stop_category="Non ricevere più questo tipo: {category}",
        stop_all="Non ricevere più nessuna e-mail da {site}",
        other_mail="Le altre e-mail da {site} continueranno ad arrivare.",
        category_stopped="Fatto. {address} non riceverà più e-mail del tipo “{category}” da {site}.",
        all_stopped="Fatto. {address} non riceverà più e-mail da {site}.",
        undo="Ripristina",
        undone="Ripristinato. {address} riceverà di nuovo le e-mail da {site}.",
        by_the_site="Per ricevere di nuovo e-mail, si rivolga a {site}.",
        nothing="Non è stato modificato nulla. Scelga uno dei pulsanti.",
        old_title="Questo link è troppo vecchio",
        old="L’e-mail da cui proviene non è più conservata qui. "
        "Usi il link di un’e-mail più recente o scriva al mittente.",
        unknown_title="Questo link non funziona",
        unknown="Forse è incompleto. Lo apra di nuovo dall’e-mail oppure lo copi per intero.",
        busy_title="Al momento non è possibile",
        busy="Non è stato possibile salvare la scelta. Riprovi tra un minuto.",
    ),
    "nl": Words(
        title="Afmelden",
        addressed="E-mail van {site} aan {address}",
        kind="Soort e-mail: {category}",
        stop_category="Deze soort stoppen: {category}",
        stop_all="Alle e-mail van {site} stoppen",
        other_mail="Andere e-mail van {site} blijft komen.",
        category_stopped="Gelukt. {address} krijgt geen e-mail van de soort “{category}” meer van {site}.",
        all_stopped="Gelukt. {address} krijgt geen e-mail meer van {site}.",
        undo="Ongedaan maken",
        undone="Ongedaan gemaakt. {address} krijgt weer e-mail van {site}.",
        by_the_site="Wilt u weer e-mail krijgen? Neem dan contact op met {site}.",
        nothing="Er is niets veranderd. Kies een van de knoppen.",
        old_title="Deze link is te oud",
        old="De e-mail waar hij in stond, wordt hier niet meer bewaard. "
        "Gebruik de link in een nieuwere e-mail of schrijf de afzender.",
        unknown_title="Deze link werkt niet",
        unknown="Misschien is hij onvolledig. Open hem opnieuw vanuit de e-mail of kopieer hem helemaal.",
        busy_title="Nu even niet",
        busy="Uw keuze kon niet worden opgeslagen. Probeer het over een minuut opnieuw.",
    ),
    "pl": Words(
        title="Wypisz się",
        addressed="E-maile od {site} na adres {address}",
        kind="Rodzaj e-maili: {category}",
        stop_category="Nie chcę tego rodzaju: {category}",
        stop_all="Nie chcę żadnych e-maili od {site}",
        other_mail="Inne e-maile od {site} będą nadal przychodzić.",
        category_stopped="Gotowe. Na adres {address} nie będą już wysyłane e-maile od {site} rodzaju „{category}”.",
        all_stopped="Gotowe. Na adres {address} nie będą już wysyłane e-maile od {site}.",
        undo="Cofnij",
        undone="Cofnięto. Na adres {address} znów będą wysyłane e-maile od {site}.",
        by_the_site="Aby znów otrzymywać e-maile, prosimy o kontakt z {site}.",
        nothing="Nic nie zostało zmienione. Proszę wybrać jeden z przycisków.",
        old_title="Ten link jest zbyt stary",
        old="E-mail, z którego pochodzi, nie jest już tu przechowywany. "
        "Proszę użyć linku z nowszego e-maila albo napisać do nadawcy.",
        unknown_title="Ten link nie działa",
        unknown="Być może jest niepełny. Proszę otworzyć go ponownie z e-maila albo skopiować w całości.",
        busy_title="Chwilowo niemożliwe",
        busy="Nie udało się zapisać wyboru. Proszę spróbować ponownie za minutę.",
    ),
    "ar": Words(
        title="إلغاء الاشتراك",
        addressed="رسائل من {site} إلى {address}",
        kind="نوع الرسائل: {category}",
        stop_category="إيقاف هذا النوع: {category}",
        stop_all="إيقاف جميع الرسائل من {site}",
        other_mail="ستستمر الرسائل الأخرى من {site} في الوصول.",
        category_stopped="تم. لن تصل إلى {address} رسائل من نوع «{category}» من {site} بعد الآن.",
        all_stopped="تم. لن تصل إلى {address} رسائل من {site} بعد الآن.",
        undo="تراجع",
        undone="تم التراجع. ستصل الرسائل من {site} إلى {address} من جديد.",
        by_the_site="لتلقي الرسائل من جديد، يُرجى التواصل مع {site}.",
        nothing="لم يتغير شيء. يُرجى اختيار أحد الأزرار.",
        old_title="هذا الرابط قديم جدًا",
        old="لم تعد الرسالة التي جاء منها محفوظة هنا. يُرجى استخدام الرابط في رسالة أحدث أو مراسلة المُرسِل.",
        unknown_title="هذا الرابط لا يعمل",
        unknown="ربما كان ناقصًا. يُرجى فتحه من الرسالة مرة أخرى أو نسخه كاملًا.",
        busy_title="غير ممكن الآن",
        busy="تعذّر حفظ اختيارك. يُرجى المحاولة مرة أخرى بعد دقيقة.",
    ),
}
