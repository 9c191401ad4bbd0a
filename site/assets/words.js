// SPDX-License-Identifier: MIT
// The dashboard's words. English stands in the page itself; the others replace it by key.
export const WORDS = {
  fr: {
    title: "Tableau de bord",
    intro: "Vos projets, leurs requêtes récentes et vos réglages.",
    "nav.docs": "Documentation",
    "nav.dashboard": "Tableau de bord",
    "nav.choices": "Vos choix",
    "sign.title": "Connexion",
    "sign.text": "Ceci est une démonstration : n’importe quel nom convient. Un cookie de session vous garde connecté jusqu’à la fermeture du navigateur.",
    "sign.name": "Nom",
    "sign.in": "Se connecter",
    "sign.out": "Se déconnecter",
    "set.title": "Réglages",
    "set.language": "Langue",
    "set.dashboard": "Tableau",
    "set.project": "Projet affiché",
    "set.rows": "Lignes par page",
    "set.api": "API",
    "set.version": "Version",
    "set.format": "Format de réponse",
    "set.look": "Apparence",
    "set.theme": "Thème",
    "theme.system": "Comme le système",
    "theme.light": "Clair",
    "theme.dark": "Sombre",
    "set.density": "Densité",
    "density.comfortable": "Aérée",
    "density.compact": "Compacte",
    kept: "Conservés sur cet appareil jusqu’à ce que vous retiriez votre consentement.",
    unkept: "Valables sur cette page seulement : vous n’avez pas consenti à leur conservation.",
    choices: "Choix de cookies",
    "req.title": "Requêtes récentes",
    "req.time": "Il y a",
    "req.path": "Requête",
    "req.status": "Statut",
    "req.duration": "Durée",
    "req.newer": "Plus récentes",
    "req.older": "Plus anciennes",
    minutes: "min",
    page: "Page",
    "try.title": "Votre API",
    "try.text": "Une vraie réponse, avec la version et le format choisis ci-dessus.",
    "pay.title": "Facturation",
    "pay.text": "Offre Studio, 19 € par mois. La prochaine facture est établie le premier du mois.",
    "pay.waiting": "Le formulaire de carte vient de Tollgate Payments. Il se charge seulement si vous l’autorisez.",
  },
  de: {
    title: "Übersicht",
    intro: "Ihre Projekte, deren letzte Anfragen und Ihre Einstellungen.",
    "nav.docs": "Dokumentation",
    "nav.dashboard": "Übersicht",
    "nav.choices": "Ihre Auswahl",
    "sign.title": "Anmelden",
    "sign.text": "Dies ist eine Vorführung: Jeder Name ist recht. Ein Sitzungs-Cookie hält Sie angemeldet, bis Sie den Browser schließen.",
    "sign.name": "Name",
    "sign.in": "Anmelden",
    "sign.out": "Abmelden",
    "set.title": "Einstellungen",
    "set.language": "Sprache",
    "set.dashboard": "Übersicht",
    "set.project": "Angezeigtes Projekt",
    "set.rows": "Zeilen je Seite",
    "set.api": "API",
    "set.version": "Version",
    "set.format": "Antwortformat",
    "set.look": "Aussehen",
    "set.theme": "Farben",
    "theme.system": "Wie das System",
    "theme.light": "Hell",
    "theme.dark": "Dunkel",
    "set.density": "Dichte",
    "density.comfortable": "Luftig",
    "density.compact": "Kompakt",
    kept: "Auf diesem Gerät gespeichert, bis Sie Ihre Einwilligung widerrufen.",
    unkept: "Gelten nur auf dieser Seite: Sie haben der Speicherung nicht zugestimmt.",
    choices: "Cookie-Auswahl",
    "req.title": "Letzte Anfragen",
    "req.time": "Vor",
    "req.path": "Anfrage",
    "req.status": "Status",
    "req.duration": "Dauer",
    "req.newer": "Neuere",
    "req.older": "Ältere",
    minutes: "Min.",
    page: "Seite",
    "try.title": "Ihre API",
    "try.text": "Eine echte Antwort, in der oben gewählten Version und im gewählten Format.",
    "pay.title": "Abrechnung",
    "pay.text": "Tarif Studio, 19 € im Monat. Die nächste Rechnung kommt am Ersten des Monats.",
    "pay.waiting": "Das Kartenformular kommt von Tollgate Payments. Es lädt nur, wenn Sie es erlauben.",
  },
};

/** English texts as the page was written, by key; remembered before the first translation. */
const english = new Map();

/** The word for *key* in *language*. @param {string} key @param {string} language @param {string} fallback */
export const word = (key, language, fallback) => WORDS[language]?.[key] ?? fallback;

/** Puts the page into *language*, one of "en", "fr", "de". */
export function translate(language) {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) {
    const key = element.dataset.word;
    if (!english.has(key)) english.set(key, element.textContent);
    element.textContent = word(key, language, english.get(key));
  }
}
