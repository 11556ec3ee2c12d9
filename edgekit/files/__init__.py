"""Files and folders: looked at before they are opened, written whole or not at all, known again."""
