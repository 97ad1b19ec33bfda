/* Where things live: XDG base directories, the program's own folder. Callers free the strings. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

enum path_kind { PATH_CONFIG, PATH_DATA, PATH_STATE, PATH_CACHE };

/* "<XDG dir>/lockstep/<name>"; name "" gives the folder. Source: XDG Base Directory Specification 0.8. */
char *path_xdg(enum path_kind kind, const char *name);

/* Folder that holds the running program (from /proc/self/exe), without a trailing slash. */
char *path_program_folder(void);

/* folder + "/" + name. */
char *path_join(const char *folder, const char *name);

/* A leading "~/" becomes the home folder. */
char *path_expand(const char *path);

#endif
