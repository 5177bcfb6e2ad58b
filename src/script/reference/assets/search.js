const box = document.getElementById("search");
const areas = [...document.querySelectorAll("section.area")];
box.hidden = false;
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/);
  for (const area of areas) {
    const rows = [...area.querySelectorAll("li")];
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    area.hidden = rows.every((row) => row.hidden);
  }
});
