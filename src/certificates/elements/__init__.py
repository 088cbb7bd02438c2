"""The elements of designs, a module each: what one may say, how it is checked, and how it is drawn."""

from typing import Final

from certificates.elements.base import Element
from certificates.elements.border import Border
from certificates.elements.date import Date
from certificates.elements.expiry import Expiry
from certificates.elements.grade import Grade
from certificates.elements.image import Image
from certificates.elements.line import Line
from certificates.elements.name import Name
from certificates.elements.qr import Qr
from certificates.elements.rectangle import Rectangle
from certificates.elements.signature import Signature
from certificates.elements.text import Text
from certificates.elements.verification_code import Code

# By the `type` that designs name it by, in the order of the published schema.
ELEMENTS: Final[dict[str, type[Element]]] = {
    element.type: element
    for element in (Text, Name, Grade, Date, Expiry, Code, Line, Rectangle, Border, Image, Signature, Qr)
}
