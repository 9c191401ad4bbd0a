# SPDX-License-Identifier: MIT
"""Stand-ins for vendors: what their hosts answer, what they keep, and what a working tag does.

Each was written after the documentation that `banner/RECIPES.md` names in the vendor's recipe. The
scripts and frames are in `vendor_scripts/`. No request of a test leaves the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).with_name("vendor_scripts")
_THIRD = "Path=/; SameSite=None; Secure"


@dataclass(frozen=True)
class Answer:
    """A file of `vendor_scripts/` (empty: an answer without content), and cookies with it."""

    file: str = ""
    cookies: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        kinds = {".js": "text/javascript", ".html": "text/html; charset=utf-8"}
        return kinds.get(Path(self.file).suffix, "image/gif")

    @property
    def body(self) -> str:
        return (SCRIPTS / self.file).read_text(encoding="utf-8") if self.file else ""


@dataclass(frozen=True)
class Vendor:
    """One vendor as the page meets it."""

    answers: dict[str, Answer]
    """By how the address begins; the longest one that fits answers."""
    names: tuple[str, ...] = ()
    """What the tag defines in the page. Nothing of it may exist before consent…"""
    stub: tuple[str, ...] = ()
    """…but this, where the recipe leaves a queue of the vendor's in the page."""
    use: str = ""
    """What the page's own gated script asks of the tag."""
    beacon: str = ""
    """How the address begins that events are sent to…"""
    key: str = ""
    """…and the parameter, or the field of the JSON body, that names the event."""
    events: tuple[str, ...] = ()
    """Every event that arrives, in its order."""
    frames: dict[str, str] = field(default_factory=dict)
    """Frames that people see, by title, with the role of the control in each."""
    query: str = ""
    """What the visitor's address ends in."""


VENDORS = {
    "youtube": Vendor(
        {
            "https://www.youtube-nocookie.com/embed/": Answer("youtube.html"),
            "https://www.youtube.com/generate_204": Answer(
                cookies=(
                    f"VISITOR_INFO1_LIVE=a; Domain=youtube.com; Max-Age=15552000; {_THIRD}",
                    f"YSC=b; Domain=youtube.com; {_THIRD}",
                )
            ),
        },
        frames={"Our workshop": "button"},
    ),
    "vimeo": Vendor(
        {
            "https://player.vimeo.com/video/": Answer(
                "vimeo.html",
                (
                    f"vuid=a; Domain=vimeo.com; Max-Age=63072000; {_THIRD}",
                    f"player=b; Domain=vimeo.com; Max-Age=31536000; {_THIRD}",
                    f"__cf_bm=c; Domain=vimeo.com; Max-Age=1800; {_THIRD}",
                    f"_cfuvid=d; Domain=vimeo.com; {_THIRD}",
                ),
            ),
            "https://player.vimeo.com/api/player.js": Answer("vimeo-player.js"),
        },
        names=("Vimeo",),
        use='if (film.element.title != "Our garden") throw new Error("another frame");',
        frames={"Our garden": "button"},
    ),
    "intercom": Vendor(
        {
            "https://widget.intercom.io/widget/": Answer("intercom.js"),
            "https://js.intercomcdn.com/": Answer("intercom-frame.js"),
            "https://api-iam.intercom.io/": Answer(),
        },
        names=("Intercom", "intercomSettings"),
        use='Intercom("trackEvent", "asked-price"); Intercom("trackEvent", "asked-size");',
        beacon="https://api-iam.intercom.io/messenger/web/ping",
        key="event",
        events=("boot", "asked-price", "asked-size"),
    ),
    "stripe": Vendor(
        {
            "https://js.stripe.com/dahlia/stripe.js": Answer("stripe.js"),
            "https://js.stripe.com/signals.html": Answer("stripe-signals.html"),
            "https://js.stripe.com/field.html": Answer("stripe-field.html"),
            "https://m.stripe.com/": Answer(
                cookies=(f"m=a; Domain=m.stripe.com; Max-Age=63072000; {_THIRD}",)
            ),
        },
        names=("Stripe",),
        use='stripe.elements().create("payment").mount("#payment");',
        beacon="https://m.stripe.com/6",
        key="signal",
        events=("device",),
        frames={"Card details": "textbox"},
    ),
    "google-analytics": Vendor(
        {
            "https://www.googletagmanager.com/gtag/js": Answer("google-analytics.js"),
            "https://region1.google-analytics.com/": Answer(),
        },
        names=("gtag", "dataLayer"),
        use='gtag("event", "sign_up"); gtag("event", "login");',
        beacon="https://region1.google-analytics.com/g/collect",
        key="en",
        events=("page_view", "sign_up", "login"),
    ),
    "matomo": Vendor(
        {
            "https://cdn.matomo.cloud/": Answer("matomo.js"),
            "https://shop.matomo.cloud/": Answer(),
        },
        names=("_paq", "Matomo"),
        use='_paq.push(["trackEvent", "film", "play"]); _paq.push(["trackEvent", "film", "end"]);',
        beacon="https://shop.matomo.cloud/matomo.php",
        key="action_name",
        events=("Shop", "play", "end"),
    ),
    "plausible": Vendor(
        {
            "https://plausible.io/js/": Answer("plausible.js"),
            "https://plausible.io/api/event": Answer(),
        },
        names=("plausible",),
        stub=("plausible",),
        use='plausible("Signup"); plausible("Login");',
        beacon="https://plausible.io/api/event",
        key="n",
        events=("pageview", "Signup", "Login"),
    ),
    "hotjar": Vendor(
        {
            "https://static.hotjar.com/c/hotjar-": Answer("hotjar.js"),
            "https://script.hotjar.com/modules": Answer("hotjar-modules.js"),
            "https://content.hotjar.io/": Answer(),
        },
        names=("hj", "_hjSettings"),
        use='hj("event", "opened"); hj("event", "closed");',
        beacon="https://content.hotjar.io/",
        key="event",
        events=("page", "opened", "closed"),
    ),
    "google-tag-manager": Vendor(
        {
            "https://www.googletagmanager.com/gtm.js": Answer("google-tag-manager.js"),
            "https://www.googletagmanager.com/ns.html": Answer("container.html"),
            "https://www.googleadservices.com/": Answer(),
        },
        names=("dataLayer", "google_tag_manager"),
        use='dataLayer.push({ event: "sign_up" }); dataLayer.push({ event: "login" });',
        beacon="https://www.googleadservices.com/pagead/conversion/",
        key="label",
        events=("gtm.js", "sign_up", "login"),
    ),
    "meta-pixel": Vendor(
        {
            "https://connect.facebook.net/en_US/fbevents.js": Answer("meta-pixel.js"),
            "https://www.facebook.com/tr": Answer(
                cookies=(f"fr=a; Domain=facebook.com; Max-Age=7776000; {_THIRD}",)
            ),
        },
        names=("fbq", "_fbq"),
        use='fbq("track", "Lead"); fbq("track", "Purchase");',
        beacon="https://www.facebook.com/tr/",
        key="ev",
        events=("PageView", "Lead", "Purchase"),
        query="?fbclid=IwAR0",
    ),
}


def answer(address: str) -> Answer | None:
    """What a vendor answers under *address*, or None for an address that nobody has."""
    fitting = [
        (prefix, found)
        for vendor in VENDORS.values()
        for prefix, found in vendor.answers.items()
        if address.startswith(prefix)
    ]
    return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None
