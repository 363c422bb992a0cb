"use strict";
// A picture may be listed under several kinds: ticked once, it is ticked everywhere.
const boxes = [...document.querySelectorAll("input[data-path]")];
const save = document.getElementById("save");

function tick(path, on) {
  for (const box of boxes) if (box.dataset.path === path) box.checked = on;
}

function confirmed() {
  return [...new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.path))];
}

function show() {
  const count = confirmed().length;
  save.disabled = count === 0;
  save.textContent = count ? `save confirmed.txt (${count})` : "save confirmed.txt";
}

document.addEventListener("change", (event) => {
  if (event.target.dataset.path) tick(event.target.dataset.path, event.target.checked);
  show();
});

for (const button of document.querySelectorAll("button.all")) {
  button.addEventListener("click", () => {
    const mine = [...button.parentElement.querySelectorAll("input[data-path]")];
    const on = !mine.every((box) => box.checked);
    for (const box of mine) tick(box.dataset.path, on);
    show();
  });
}

save.addEventListener("click", () => {
  const text = confirmed().join("\n") + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "confirmed.txt";
  link.click();
});
