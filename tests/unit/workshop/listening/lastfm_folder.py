"""A folder like lastfm-2k, small, to which rows can be added."""

COLUMNS = (
    "artistID,track_count,acousticness,danceability,energy,instrumentalness,liveness,loudness,speechiness,tempo,valence,mode,key"
)
SOUND = "5,0.1,0.2,0.3,0.4,0.5,-6.5,0.05,120.0,0.6,1,3"


def write_folder(folder, *, artists=(), listening=(), tags=(), tagging=(), audio=()):
    """Twelve people who each heard the artists 1 to 12; every artist has audio, and the first person tagged artist 1 "rock".

    Further rows go to the end of each file: the first of them is row `FIRST[...]`.
    """
    everybody = [f"{user}\t{artist}\t{user + artist}" for user in range(1, 13) for artist in range(1, 13)]
    files = {
        "artists.dat": (
            "id\tname\turl\tpictureURL",
            [f"{number}\tÄrtist {number}\tu\tp" for number in range(1, 14)],
            artists,
            "utf-8",
        ),
        "user_artists.dat": ("userID\tartistID\tweight", everybody, listening, "latin-1"),
        "tags.dat": ("tagID\ttagValue", ["1\tRock ", "2\tidéal"], tags, "latin-1"),
        "user_taggedartists.dat": (
            "userID\tartistID\ttagID\tday\tmonth\tyear",
            ["1\t1\t1\t1\t4\t2009", "99\t2\t2\t1\t4\t2010"],
            tagging,
            "latin-1",
        ),
        "artist_audio_features.csv": (COLUMNS, [f"{number},{SOUND}" for number in range(1, 13)], audio, "utf-8"),
    }
    folder.mkdir(exist_ok=True)
    for name, (header, rows, more, encoding) in files.items():
        (folder / name).write_bytes(("\n".join([header, *rows, *more]) + "\n").encode(encoding))
    return folder


FIRST = {
    "artists.dat": 15,
    "user_artists.dat": 146,
    "tags.dat": 4,
    "user_taggedartists.dat": 4,
    "artist_audio_features.csv": 14,
}
