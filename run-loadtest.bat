@echo off
rem Runs load tests: run-loadtest [NAME] [options], --list, --help, --demo. See run-loadtest.ps1.
where pwsh >nul 2>nul
if not errorlevel 1 (
  pwsh -NoProfile -ExecutionPolicy Bypass -File "%~dp0run-loadtest.ps1" %*
  exit /b
)
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0run-loadtest.ps1" %*
exit /b
