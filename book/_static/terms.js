// A term of the glossary shows its definition when it is pointed at or focused; Escape closes it.
// The definitions stand in the page itself (#terms), so this works without a network.
"use strict";

{
  const data = document.getElementById("terms");
  const terms = data ? JSON.parse(data.textContent) : {};
  const card = document.createElement("div");
  card.id = "term-card";
  card.role = "tooltip";
  card.hidden = true;
  (document.querySelector(".bd-article") ?? document.body).append(card);

  let shown = null;
  let waiting = 0;
  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    card.hidden = true;
  };
  // The pointer may move onto the card, to read on or to copy.
  const hideSoon = () => (waiting = setTimeout(hide, 200));
  const keep = () => clearTimeout(waiting);
  const place = () => {
    if (!shown) return;
    const at = shown.getBoundingClientRect();
    const left = Math.min(at.left, document.documentElement.clientWidth - card.offsetWidth - 8);
    const below = at.bottom + card.offsetHeight + 8 < window.innerHeight;
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${below ? at.bottom + 4 : at.top - card.offsetHeight - 4}px`;
  };
  const show = (link, text) => {
    keep();
    hide();
    shown = link;
    link.setAttribute("aria-describedby", card.id);
    card.textContent = text;
    card.hidden = false;
    place();
  };
  for (const link of document.querySelectorAll('.bd-article a[href*="#term-"]:not(.headerlink)')) {
    const text = terms[decodeURIComponent(link.hash.slice(1))];
    if (!text) continue;
    for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => show(link, text));
    for (const event of ["mouseleave", "blur"]) link.addEventListener(event, hideSoon);
  }
  card.addEventListener("mouseenter", keep);
  card.addEventListener("mouseleave", hideSoon);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", place, { capture: true, passive: true });
}
