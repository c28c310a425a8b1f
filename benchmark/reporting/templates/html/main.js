function drawAll() {
  drawAnswers();
  drawCurves();
  drawTable();
  drawGallery();
}

drawFilters(drawAll);
drawAll();
let drawnAt = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === drawnAt) return;
  drawnAt = window.innerWidth;
  document.querySelectorAll('.curves').forEach((panel) => panel.draw());
});
