"use strict";
// Says where a box scrolls sideways, as long as it does.
for (const box of document.querySelectorAll(".scroll")) {
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "Scroll sideways for more →";
  box.after(hint);
  const look = () => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  new ResizeObserver(look).observe(box);
  box.addEventListener("scroll", look, { passive: true });
}
